import type { BlindIndex } from '../encryption/types.js'
import type { SealedColumnSpec, SealingKeys } from './types.js'

/** Tenants whose index keys are kept at hand. */
const MAX_CACHED = 1_000

/** The blind index of a column, by tenant; `undefined` where the column has none. */
export const indexesOf = (keys: SealingKeys, spec: SealedColumnSpec): ((tenant: string) => BlindIndex) | undefined => {
  const { index } = spec
  if (index === undefined) return undefined
  const known = new Map<string, BlindIndex>()
  return (tenant) => {
    let found = known.get(tenant)
    if (found === undefined) {
      if (known.size >= MAX_CACHED) known.clear()
      found = keys.blindIndex({
        tenant,
        table: spec.contextTable ?? spec.table,
        column: spec.column,
        normalize: index.normalize,
        bits: index.bits,
      })
      known.set(tenant, found)
    }
    return found
  }
}
