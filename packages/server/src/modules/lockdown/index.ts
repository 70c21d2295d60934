export { readLastHour } from './last-hour.js'
export { createLockdowns, lockdownCell } from './lockdowns.js'
export type { Lockdowns, LockdownStarter, LockdownWish } from './types.js'
