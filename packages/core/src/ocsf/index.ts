export { fromOcsf, type FromOcsf } from './from-ocsf.js'
export { alertToOcsf, toOcsf } from './to-ocsf.js'
export { OCSF_VERSION, type OcsfEvent } from './types.js'
