export type { Fault } from './fault.js'
export { FAULTS } from './faults/index.js'
export { chooseFaults, createLeaky, type FaultChoice, type Leaky } from './leaky.js'
export { stayOnLoopback } from './loopback.js'
