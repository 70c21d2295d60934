import type { Decision, DecisionSet } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import type { Enforcement } from '../enforcement/enforcement.js'
import type { GeoLookup } from '../geo/types.js'
import type { LoginHold } from '../login/types.js'

/** The strongest first: what is denied is not checked, what is suspended looks like a wrong password. */
const HOLDS = [
  ['deny', 'block'],
  ['suspend', 'suspend'],
  ['require_reset', 'reset'],
] as const

/** The hold that decisions put on a sign-in; of several equal ones that which lasts longest. Pure. */
export const holdOf = (decisions: readonly Decision[], passwordAt: number | undefined): LoginHold | undefined => {
  for (const [action, kind] of HOLDS) {
    let until: number | undefined
    for (const decision of decisions) {
      if (decision.action !== action) continue
      // a new password that was set after the decision is not the one that it is about
      if (action === 'require_reset' && passwordAt !== undefined && passwordAt > decision.startsAt) continue
      if (until === undefined || decision.expiresAt > until) until = decision.expiresAt
    }
    if (until !== undefined) return { kind, until }
  }
  return undefined
}

/** What the login shield asks before it checks a credential. A promise only where a reset is required and may have been made. */
export const createLoginHold = (deps: {
  readonly enforcement: Pick<Enforcement, 'matchUser' | 'watched'>
  readonly set: Pick<DecisionSet, 'size'>
  readonly geo: GeoLookup | undefined
  readonly passwordAt: (subject: string) => Promise<number | undefined>
}): ((subject: string, typed: string, client: ClientAddress) => LoginHold | undefined | Promise<LoginHold | undefined>) => {
  const { enforcement, set, geo } = deps
  return (subject, typed, client) => {
    if (set.size === 0) return undefined
    const address = client.kind === 'known' ? client.address : undefined
    const place = address === undefined ? undefined : geo?.lookup(address)
    const network = { address, country: place?.country, asn: place?.asn === undefined ? undefined : String(place.asn) }
    const found = enforcement.matchUser(network, subject, typed).filter((decision) => !enforcement.watched(decision))
    const hold = holdOf(found, undefined)
    if (hold?.kind !== 'reset') return hold
    return deps.passwordAt(subject).then((passwordAt) => holdOf(found, passwordAt))
  }
}
