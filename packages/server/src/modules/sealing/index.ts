export { readResealing, type ResealProgress } from './reseal-progress.js'
export { resealStored } from './reseal-stored.js'
export type { Sealing } from './background.js'
export { sealStored } from './seal-stored.js'
