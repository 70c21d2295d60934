export { createEnforcers, reportCell } from './enforcers.js'
export { type Enforcers, SERVER_SOURCE } from './types.js'
