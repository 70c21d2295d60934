import type { ClientAddress } from '../client-address/client-address.js'
import type { GeoLookup } from '../geo/types.js'
import type { GuardRequest } from '../request/guard-request.js'
import type { LiveRecord } from './record.js'
import { isWorse, learnNetwork, NO_RISK, type RiskPolicy, weighRequest } from './risk.js'
import { describePlace, hideRange, type KnownNetwork, type Print, readNetwork, readPrint } from './traits.js'
import type { RiskLevel, SessionBinding, SessionFlag, SessionRisk } from './types.js'

/** What one request shows of who uses a session. */
export type Sighting = {
  readonly address: string | undefined
  readonly print: Print
  readonly network: KnownNetwork | undefined
  /** stands for the address as `strict` compares it; a hash, made only where it is asked for */
  readonly bound: () => string | undefined
}

/** What sightings are made with. */
export type SightingDeps = {
  readonly geo: GeoLookup | undefined
  readonly strict: { readonly v4Prefix: number; readonly v6Prefix: number }
}

/** Looks at a request. An address that the session was used from last costs no hash and no look-up. */
export const sight = (
  record: Pick<LiveRecord, 'id' | 'address' | 'networks' | 'bound'>,
  client: ClientAddress,
  request: GuardRequest,
  now: number,
  deps: SightingDeps,
): Sighting => {
  const print = readPrint(request)
  if (client.kind === 'unknown') return { address: undefined, print, network: undefined, bound: () => undefined }
  const { address } = client
  const last = record.address === address ? record.networks?.[0] : undefined
  return {
    address,
    print,
    network: last === undefined ? readNetwork(record.id, address, now, deps.geo) : { ...last, t: now },
    bound: () => hideRange(record.id, address, deps.strict.v4Prefix, deps.strict.v6Prefix),
  }
}

/** Judges a request against its session. Pure. What is kept from before prints were (or of a client that is unknown) is no risk. */
export const assess = (record: LiveRecord, now: number, seen: Sighting, binding: SessionBinding, policy: RiskPolicy): SessionRisk => {
  if (binding === 'off') return NO_RISK
  const weighed =
    record.print === undefined
      ? NO_RISK
      : weighRequest({ print: record.print, networks: record.networks ?? [] }, now, { print: seen.print, network: seen.network }, policy)
  if (binding === 'score') return weighed
  const bound = seen.bound()
  if (record.bound === undefined || bound === undefined) {
    const kind: RiskLevel = isWorse(weighed.kind, 'step_up') ? weighed.kind : 'step_up'
    return { kind, score: weighed.score, signals: [...weighed.signals, 'address_unknown'] }
  }
  return record.bound === bound ? weighed : { kind: 'revoke', score: weighed.score, signals: [...weighed.signals, 'address_changed'] }
}

/** What becomes of a session after a request: what is to be written, and what is to be told. `undefined`: nothing is. */
export type NextRecord = {
  readonly record: LiveRecord
  /** it got worse than was told before */
  readonly tells: boolean
  readonly rotates: boolean
}

/** How often last use is written, ms: `touchMs` as a rule, sooner when the network changed. */
export type TouchPolicy = { readonly touchMs: number; readonly enforce: boolean }

/** Uses of a new network are noted at most this often, ms. */
const SWITCH_MS = 10_000

/** The session once a request has used it, or `undefined` when nothing is worth a write. Pure. */
export const nextRecord = (
  record: LiveRecord,
  now: number,
  seen: Sighting,
  risk: SessionRisk,
  touch: TouchPolicy,
  geo: GeoLookup | undefined,
): NextRecord | undefined => {
  // a further country is worth telling each time: it is learned by this, and so told once
  const tells = isWorse(risk.kind, record.told ?? 'none') || (risk.kind === 'observe' && risk.signals.includes('country_changed'))
  const asks = risk.kind === 'step_up' || risk.kind === 'rotate'
  const flags = touch.enforce && asks && isWorse(risk.kind, record.flag?.kind ?? 'none')
  // whoever is asked to prove himself is not learned from before he has
  const learns = !asks && risk.kind !== 'revoke'
  const switched = learns && seen.network !== undefined && seen.network.n !== record.networks?.[0]?.n
  const unused = now - record.seenAt
  if (!tells && !flags && unused < (switched ? Math.min(SWITCH_MS, touch.touchMs) : touch.touchMs)) return undefined
  const flag: SessionFlag | undefined = flags ? { ...risk, at: now } : record.flag
  return {
    record: {
      ...record,
      seenAt: now,
      ...(isWorse(risk.kind, record.told ?? 'none') ? { told: risk.kind } : {}),
      ...(flag === undefined ? {} : { flag }),
      ...(learns ? learned(record, seen, geo) : {}),
    },
    tells,
    rotates: flags && risk.kind === 'rotate',
  }
}

const learned = (record: LiveRecord, seen: Sighting, geo: GeoLookup | undefined): Partial<LiveRecord> => ({
  print: record.print ?? seen.print,
  networks: learnNetwork(record.networks ?? [], seen.network),
  ...whereabouts(record, seen.address, geo),
})

/** Address and place for lists; looked up only when the address is another. */
export const whereabouts = (
  before: Pick<LiveRecord, 'address' | 'place'>,
  address: string | undefined,
  geo: GeoLookup | undefined,
): Pick<LiveRecord, 'address' | 'place'> => {
  if (address === undefined || address === before.address) return {}
  const place = describePlace(geo?.lookup(address))
  return { address, ...(place === undefined ? {} : { place }) }
}
