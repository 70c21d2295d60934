import type { Probe } from '../../probe.js'
import { corsNull } from './cors-null.js'
import { corsReflection } from './cors-reflection.js'
import { crossSiteForm } from './cross-site-form.js'
import { crossSiteJson } from './cross-site-json.js'
import { framing } from './framing.js'
import { loginCsrf } from './login-csrf.js'
import { openRedirect } from './open-redirect.js'
import { stateByGet } from './state-by-get.js'

/** Probes of what other sites can do with a visitor's browser. */
export const crossSiteProbes: readonly Probe[] = [
  crossSiteForm,
  crossSiteJson,
  loginCsrf,
  stateByGet,
  corsReflection,
  corsNull,
  framing,
  openRedirect,
]
