export { type Authorize, createAuthorize } from './authorize.js'
export { createHeldDecisions, type HeldDecisions } from './held-decisions.js'
export { PROXIES } from './original-request.js'
export { PASS_COOKIE } from './passes.js'
