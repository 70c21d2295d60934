import type { Probe } from '../../probe.js'
import { defaultPassword } from './default-password.js'
import { enumerationBody } from './enumeration-body.js'
import { enumerationReset } from './enumeration-reset.js'
import { enumerationStatus } from './enumeration-status.js'
import { enumerationTiming } from './enumeration-timing.js'
import { fastGuessing } from './fast-guessing.js'
import { resetFlood } from './reset-flood.js'
import { slowGuessing } from './slow-guessing.js'
import { victimLockout } from './victim-lockout.js'
import { weakPassword } from './weak-password.js'

/** What is tried at the sign-in, the reset and the sign-up. */
export const signInProbes: readonly Probe[] = [
  fastGuessing,
  slowGuessing,
  victimLockout,
  enumerationStatus,
  enumerationBody,
  enumerationTiming,
  enumerationReset,
  resetFlood,
  defaultPassword,
  weakPassword,
]
