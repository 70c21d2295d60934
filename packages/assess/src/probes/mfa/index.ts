import type { Probe } from '../../probe.js'
import { codeGuessing } from './code-guessing.js'
import { codeRace } from './code-race.js'
import { codeReplay } from './code-replay.js'
import { factorBypass } from './factor-bypass.js'
import { stepUpMissing } from './step-up-missing.js'

/** What is tried at the second step, and at acts that should ask for it anew. */
export const mfaProbes: readonly Probe[] = [codeGuessing, codeReplay, codeRace, factorBypass, stepUpMissing]
