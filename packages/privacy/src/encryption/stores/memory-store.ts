import type { Keyset, KeysetStore } from '../types.js'
import { formatKeyset, parseKeyset } from '../keyset/parse-keyset.js'

/** A keyset in memory, for tests and for processes that get theirs from elsewhere. */
export const createMemoryKeysetStore = (first?: Keyset): KeysetStore => {
  let held = first === undefined ? undefined : { text: formatKeyset(first), version: 1 }
  return {
    where: 'memory',
    read: () => Promise.resolve(held && { keyset: parseKeyset(held.text), version: String(held.version) }),
    write: (keyset, ifVersion) => {
      if ((held === undefined ? null : String(held.version)) !== ifVersion) return Promise.resolve(false)
      held = { text: formatKeyset(keyset), version: (held?.version ?? 0) + 1 }
      return Promise.resolve(true)
    },
  }
}
