import { type Alert, HOUR, type SecurityEvent } from '@parapet/core'
import { actorOf, isAdminAct, isDataAccess, kindOf, targetOf, text } from './acts.js'
import { actOddities, addressOddities, dataOddities, personOddities, sum, type Usual } from './oddities.js'
import { createTally, type Tally } from './tally.js'
import type { ActivityReport, AdminAct, DataAccess, PersonActivity } from './types.js'

/** What is kept of one person. */
export type PersonState = {
  readonly name: string
  signIns: number
  failures: number
  acts: number
  records: number
  lastSignIn: number | null
  lastSeen: number
  /** of sign-ins that went well */
  readonly addresses: Tally
  readonly places: Tally
  readonly agents: Tally
  readonly hours: Tally
  /** of failures */
  readonly failedFrom: Tally
  /** sign-ins that came right after failures from the same address */
  guessed: number
}

/** What is kept of one address. */
export type AddressState = {
  readonly address: string
  signIns: number
  failures: number
  requests: number
  lastSeen: number
  readonly names: Tally
  readonly failedNames: Tally
  /** failures since its last success */
  streak: number
}

/** Takes events and says what was odd in them. */
export type ActivityCollector = {
  readonly add: (event: SecurityEvent) => void
  readonly report: (alerts: readonly Alert[]) => ActivityReport
}

const BOUND = { people: 20_000, addresses: 50_000, acts: 20_000, data: 20_000, names: 64 } as const
/** So many failures before a success are no slip of the fingers any more. */
const GUESSES = 4

const personOf = (name: string, at: number): PersonState => ({
  name,
  signIns: 0,
  failures: 0,
  acts: 0,
  records: 0,
  lastSignIn: null,
  lastSeen: at,
  addresses: createTally(BOUND.names),
  places: createTally(BOUND.names),
  agents: createTally(BOUND.names),
  hours: createTally(24),
  failedFrom: createTally(BOUND.names),
  guessed: 0,
})
const addressOf = (address: string, at: number): AddressState => ({
  address,
  signIns: 0,
  failures: 0,
  requests: 0,
  lastSeen: at,
  names: createTally(BOUND.names),
  failedNames: createTally(BOUND.names),
  streak: 0,
})

type Act = Omit<AdminAct, 'oddity' | 'why'> & { readonly address: string | undefined }

/** What is usual of each kind of record and each thing that is done with it. */
const usualOf = (
  rows: readonly { readonly kind: string; readonly action: string; readonly count: number }[],
): ReadonlyMap<string, Usual> => {
  const counts = new Map<string, number[]>()
  for (const { kind, action, count } of rows) {
    const key = JSON.stringify([kind, action])
    const list = counts.get(key)
    if (list === undefined) counts.set(key, [count])
    else list.push(count)
  }
  return new Map(
    [...counts].map(([key, list]) => [
      key,
      { people: list.length, median: list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)] ?? 0 },
    ]),
  )
}

/** Creates a collector. Memory is bounded; what is beyond the bounds is counted in `leftOut`. Deterministic in the order of events. */
export const createActivity = (): ActivityCollector => {
  const people = new Map<string, PersonState>()
  const addresses = new Map<string, AddressState>()
  const data = new Map<string, { who: string; kind: string; action: string; count: number }>()
  const acts: Act[] = []
  let [events, signIns, failures, leftOut] = [0, 0, 0, 0]
  let first: number | null = null
  let last: number | null = null

  const held = <T>(map: Map<string, T>, key: string | undefined, bound: number, make: () => T): T | undefined => {
    if (key === undefined) return undefined
    const known = map.get(key)
    if (known !== undefined) return known
    if (map.size >= bound) {
      leftOut++
      return undefined
    }
    const made = make()
    map.set(key, made)
    return made
  }

  const addSignIn = (event: SecurityEvent, person: PersonState | undefined, from: AddressState | undefined): void => {
    const at = event['@timestamp']
    const name = person?.name ?? ''
    if (event['event.outcome'] === 'failure') {
      failures++
      if (person !== undefined) {
        person.failures++
        if (from !== undefined) person.failedFrom.add(from.address)
      }
      if (from !== undefined) {
        from.failures++
        from.streak++
        from.failedNames.add(name)
      }
      return
    }
    if (event['event.outcome'] !== 'success') return
    signIns++
    if (person !== undefined) {
      person.signIns++
      person.lastSignIn = at
      person.hours.add(String(new Date(at).getUTCHours()))
      const place = text(event, 'source.geo.country_iso_code')
      const agent = text(event, 'user_agent.original')
      if (place !== undefined) person.places.add(place)
      if (agent !== undefined) person.agents.add(agent)
      if (from !== undefined) {
        person.addresses.add(from.address)
        if (from.streak >= GUESSES) person.guessed++
      }
    }
    if (from === undefined) return
    from.signIns++
    from.names.add(name)
    from.streak = 0
  }

  return {
    add: (event) => {
      const at = event['@timestamp']
      if (!Number.isFinite(at)) return
      events++
      first = first === null || at < first ? at : first
      last = last === null || at > last ? at : last
      const who = actorOf(event)
      const outcome = text(event, 'event.outcome')
      const named = text(event, 'user.name') ?? text(event, 'user.id')
      const address = text(event, 'source.ip')
      const person = held(people, named, BOUND.people, () => personOf(named ?? '', at))
      const from = held(addresses, address, BOUND.addresses, () => addressOf(address ?? '', at))
      if (person !== undefined) person.lastSeen = Math.max(person.lastSeen, at)
      if (from !== undefined) from.lastSeen = Math.max(from.lastSeen, at)
      if (event['event.category'] === 'authentication' && event['event.action'] === 'login') addSignIn(event, person, from)
      if (event['event.category'] === 'web' && from !== undefined) from.requests++
      if (isAdminAct(event)) {
        if (person !== undefined) person.acts++
        if (acts.length >= BOUND.acts) leftOut++
        else
          acts.push({
            at,
            who: who ?? 'unknown',
            what: text(event, 'event.action') ?? text(event, 'event.category') ?? '',
            on: targetOf(event),
            outcome: outcome === 'success' || outcome === 'failure' ? outcome : 'unknown',
            address,
          })
      }
      if (isDataAccess(event) && who !== undefined) {
        if (person !== undefined) person.records++
        const [kind, action] = [kindOf(event), text(event, 'event.action') ?? '']
        const row = held(data, JSON.stringify([who, kind, action]), BOUND.data, () => ({ who, kind, action, count: 0 }))
        if (row !== undefined) row.count++
      }
    },
    report: (alerts) => {
      const order = <T extends { oddity: number }>(list: readonly T[], byName: (row: T) => string): T[] =>
        list.toSorted((a, b) => b.oddity - a.oddity || (byName(a) < byName(b) ? -1 : 1))
      const period = first === null || last === null ? 0 : last - first
      const usual = usualOf([...data.values()])
      return {
        first,
        last,
        events,
        signIns,
        failures,
        people: order(
          [...people.values()].map((person): PersonActivity => {
            const why = personOddities(person, { addresses, long: period >= 6 * HOUR })
            const { name, signIns: ownSignIns, failures: ownFailures, lastSignIn, lastSeen, acts: ownActs, records } = person
            const used = person.addresses.size() > 0 ? person.addresses : person.failedFrom
            return {
              name,
              signIns: ownSignIns,
              failures: ownFailures,
              acts: ownActs,
              records,
              addresses: used.top(8),
              places: person.places.top(8),
              lastSignIn,
              lastSeen,
              oddity: sum(why),
              why,
            }
          }),
          ({ name }) => name,
        ),
        addresses: order(
          [...addresses.values()].map((state) => {
            const why = addressOddities(state)
            const { address, lastSeen, requests } = state
            const names = (state.names.size() > 0 ? state.names : state.failedNames).top(8).filter((name) => name !== '')
            return { address, signIns: state.signIns, failures: state.failures, requests, names, lastSeen, oddity: sum(why), why }
          }),
          ({ address }) => address,
        ),
        acts: order(
          acts.map(({ at, who, what, on, outcome, address }): AdminAct => {
            const why = actOddities({ what, outcome }, people.get(who), address)
            return { at, who, what, on, outcome, oddity: sum(why), why }
          }),
          ({ at }) => String(at).padStart(16, '0'),
        ),
        data: order(
          [...data.values()].map(({ who, kind, action, count }): DataAccess => {
            const why = dataOddities({ action, count }, usual.get(JSON.stringify([kind, action])) ?? { people: 1, median: count })
            return { who, kind, action, count, oddity: sum(why), why }
          }),
          ({ who, kind, action }) => `${who} ${kind} ${action}`,
        ),
        alerts,
        leftOut,
      }
    },
  }
}
