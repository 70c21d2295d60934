import type { Probe } from '../../probe.js'
import { cspMissing } from './csp-missing.js'
import { cspNonce } from './csp-nonce.js'
import { cspUnsafe } from './csp-unsafe.js'
import { hsts } from './hsts.js'
import { lostHeaders } from './lost-headers.js'
import { mixedContent } from './mixed-content.js'
import { nosniff } from './nosniff.js'
import { permissionsPolicy } from './permissions-policy.js'
import { referrerPolicy } from './referrer-policy.js'
import { securityTxt } from './security-txt.js'
import { sri } from './sri.js'
import { xssProtection } from './xss-protection.js'

/** What answers tell browsers to do and to leave. */
export const headerProbes: readonly Probe[] = [
  hsts,
  cspMissing,
  cspUnsafe,
  cspNonce,
  nosniff,
  referrerPolicy,
  permissionsPolicy,
  lostHeaders,
  sri,
  mixedContent,
  xssProtection,
  securityTxt,
]
