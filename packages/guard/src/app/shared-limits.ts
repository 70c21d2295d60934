import type { RandomSource, SecurityEvent, Store } from '@parapet/core'
import { createSharedLimiter } from '../limiter/shared-limiter.js'
import type { LimitStore, SharedLimiter } from '../limiter/types.js'
import type { DiagnosticCode } from './diagnostics.js'
import type { GuardSettings } from './options.js'

/** The part of a store that counts, where it has one. */
const limitsOf = (store: Store): LimitStore | undefined => {
  const { limits } = store as Store & { readonly limits?: LimitStore }
  return typeof limits === 'object' && limits !== null && typeof limits.take === 'function' ? limits : undefined
}

/** The limiter that processes share, where the store can count for several; otherwise this process counts alone, without a round trip. */
export const sharedLimits = (deps: {
  readonly settings: Pick<GuardSettings, 'store' | 'limits' | 'keyring' | 'clock'>
  readonly random: RandomSource
  readonly tell: (code: DiagnosticCode, detail: string) => void
  readonly emit: (event: SecurityEvent) => void
}): SharedLimiter | undefined => {
  const { store, limits: policies, keyring, clock } = deps.settings
  const counting = limitsOf(store)
  if (counting === undefined || !counting.shared) return undefined
  return createSharedLimiter({
    policies,
    store: counting,
    keyring,
    clock,
    random: deps.random,
    onOutage: (report) => {
      if (report.kind === 'limit_store_back')
        deps.tell('limit_store_back', `the store of limits is back after ${Math.round(report.lastedMs / 1_000)} s`)
      else
        deps.tell(
          'limit_store_away',
          `the store of limits is away (${report.reason}): ${Object.entries(report.policies)
            .filter(([, names]) => names.length > 0)
            .map(([how, names]) => `${names.join(', ')} ${how}`)
            .join('; ')}`,
        )
    },
  })
}
