export { readResealing, type ResealProgress } from './reseal-progress.js'
export { resealStored } from './reseal-stored.js'
export { sealStored, type Sealing } from './seal-stored.js'
