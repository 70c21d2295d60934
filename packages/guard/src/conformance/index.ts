import { answerChecks } from './checks/answers.js'
import { effectChecks } from './checks/effects.js'
import { failureChecks } from './checks/failures.js'
import { judgementChecks } from './checks/judgements.js'
import type { AdapterCheck } from './types.js'

/** What an adapter must do, as checks over real HTTP that any adapter can be run through, in any test runner. */
export const adapterConformance: readonly AdapterCheck[] = [...answerChecks, ...judgementChecks, ...effectChecks, ...failureChecks]

export type {
  AdapterCheck,
  AdapterUnderTest,
  ConformanceGap,
  ConformanceInput,
  ConformanceOutput,
  ConformanceRoute,
  ConformanceServer,
} from './types.js'
export { limitStoreConformance, type LimitStoreCheck, type LimitStoreUnderTest } from '../limiter/limit-store-conformance.js'
export { type StoreCheck, storeConformance, type StoreUnderTest } from '../store/store-conformance.js'
