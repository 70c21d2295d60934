import type { Probe } from '../probe.js'
import { accessProbes } from './access/index.js'
import { addressProbes } from './address/index.js'
import { crossSiteProbes } from './cross-site/index.js'
import { exposureProbes } from './exposure/index.js'
import { headerProbes } from './headers/index.js'
import { linkProbes } from './links/index.js'
import { mfaProbes } from './mfa/index.js'
import { sessionProbes } from './session/index.js'
import { signInProbes } from './sign-in/index.js'

/** Every probe of the kit, in the order in which reports and reference list them. */
export const PROBES: readonly Probe[] = [
  ...addressProbes,
  ...signInProbes,
  ...mfaProbes,
  ...sessionProbes,
  ...crossSiteProbes,
  ...linkProbes,
  ...accessProbes,
  ...exposureProbes,
  ...headerProbes,
]
