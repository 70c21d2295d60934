import { type Decision, isActive } from '@parapet/core'

/** True while a decision really stops somebody at `now` (ms UTC): in time, not lifted, and not only observed. */
export const isInForce = (decision: Decision, now: number): boolean => decision.mode === 'enforce' && isActive(decision, now)
