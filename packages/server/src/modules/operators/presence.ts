import { addressKey, type Clock, MINUTE } from '@parapet/core'

/** Which addresses operators work from now: nobody may block those. */
export type Presence = {
  /** an operator was seen at an address; calls `persist` at most once a minute for each pair */
  note: (operator: string, address: string) => void
  /** addresses seen within the session's idle time */
  addresses: () => readonly string[]
  /** he is gone, or what he does looks like somebody else: his addresses may be blocked until he is seen again */
  forget: (operator: string) => void
  load: (seen: readonly { operator: string; address: string; at: number }[]) => void
}

/** Addresses of one operator that are remembered at once: a phone, a laptop, two families, a VPN. */
const PER_OPERATOR = 8

/** Creates the record of presence. `keepMs` is the idle limit of sessions; `forgotten` hears of one of whom something was known. */
export const createPresence = (deps: {
  clock: Clock
  keepMs: number
  persist: (operator: string, address: string) => void
  forgotten: (operator: string) => void
}): Presence => {
  const seen = new Map<string, Map<string, number>>()
  const put = (operator: string, address: string, at: number): boolean => {
    const places = seen.get(operator) ?? new Map<string, number>()
    seen.set(operator, places)
    const before = places.get(address)
    if (before !== undefined && at - before < MINUTE) return false
    places.delete(address)
    places.set(address, at)
    if (places.size > PER_OPERATOR) places.delete(places.keys().next().value ?? '')
    return true
  }
  return {
    note: (operator, address) => {
      if (addressKey(address) !== undefined && put(operator, address, deps.clock())) deps.persist(operator, address)
    },
    addresses: () => {
      const since = deps.clock() - deps.keepMs
      const list = new Set<string>()
      for (const [operator, places] of seen) {
        for (const [address, at] of places) {
          if (at >= since) list.add(address)
          else places.delete(address)
        }
        if (places.size === 0) seen.delete(operator)
      }
      return [...list]
    },
    forget: (operator) => {
      if (seen.delete(operator)) deps.forgotten(operator)
    },
    load: (entries) => {
      for (const { operator, address, at } of entries) put(operator, address, at)
    },
  }
}
