import type { AddressState, PersonState } from './collect-activity.js'
import type { AdminAct, Oddity } from './types.js'

/** All weights together. */
export const sum = (list: readonly Oddity[]): number => list.reduce((total, { weight }) => total + weight, 0)

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

type Surroundings = { readonly addresses: ReadonlyMap<string, AddressState>; readonly long: boolean }

/** What is odd about a person, the weightiest first: what attackers who got in leave behind, then what they try. */
export const personOddities = (person: PersonState, { addresses, long }: Surroundings): Oddity[] => {
  const out: Oddity[] = []
  const say = (weight: number, why: string): void => void out.push({ weight, why })
  if (person.guessed > 0) say(50, `${plural(person.guessed, 'sign-in')} right after failed guesses from the same address`)
  if (person.places.size() > 1) say(20, `signed in from ${person.places.top(4).join(', ')}`)
  const shared = person.addresses.top(64).filter((address) => {
    const state = addresses.get(address)
    return state !== undefined && state.failedNames.size() >= 5
  })
  if (shared.length > 0)
    say(40, `signed in from ${shared[0]}, which failed as ${plural(addresses.get(shared[0] ?? '')?.failedNames.size() ?? 0, 'other name')}`)
  // one that stands beside a habit: with two or three sign-ins there is no habit yet
  const rare = person.signIns >= 6 ? person.addresses.top(64).filter((address) => person.addresses.count(address) === 1) : []
  if (rare.length > 0 && person.addresses.size() <= 4) say(10, `one sign-in from ${rare[0]}, which is not where it usually comes from`)
  const agents = person.signIns >= 6 ? person.agents.top(64).filter((agent) => person.agents.count(agent) === 1) : []
  if (agents.length > 0 && person.agents.size() <= 4) say(8, 'one sign-in with a program that is not the usual one')
  const hours = long && person.signIns >= 12 ? person.hours.top(24).filter((hour) => person.hours.count(hour) === 1) : []
  if (hours.length === 1) say(5, `one sign-in at ${hours[0]?.padStart(2, '0')}:00 UTC, when there are none otherwise`)
  if (person.name === 'root' && person.signIns > 0) say(15, `root signed in ${plural(person.signIns, 'time')}`)
  if (person.failures >= 5 && person.signIns === 0)
    say(Math.min(20, 5 + Math.log2(person.failures)), `${plural(person.failures, 'failure')} and no sign-in`)
  else if (person.failures >= 10) say(Math.min(15, Math.log2(person.failures) * 2), plural(person.failures, 'failed sign-in'))
  if (person.failedFrom.size() >= 10)
    say(15, `failed from ${person.failedFrom.size() >= 64 ? '64 or more' : person.failedFrom.size()} addresses`)
  return out.toSorted((a, b) => b.weight - a.weight)
}

/** What is odd about an address. */
export const addressOddities = (state: AddressState): Oddity[] => {
  const out: Oddity[] = []
  const say = (weight: number, why: string): void => void out.push({ weight, why })
  const names = state.failedNames.size()
  if (state.signIns > 0 && state.failures >= 10) say(40, `signed in after ${plural(state.failures, 'failure')}`)
  if (names >= 5) say(Math.min(30, 5 + names), `failed as ${names >= 64 ? '64 or more' : names} names`)
  if (state.failures >= 5) say(Math.min(20, Math.log2(state.failures) * 2), plural(state.failures, 'failed sign-in'))
  if (state.names.size() >= 5) say(15, `signed in as ${state.names.size()} people`)
  return out.toSorted((a, b) => b.weight - a.weight)
}

const GRAVE: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['log-cleared', [40, 'a record was cleared']],
  ['service-stopped', [10, 'a service was stopped']],
  ['user-created', [15, 'an account was made']],
  ['group-member-added', [20, 'rights were given']],
  ['role-granted', [20, 'rights were given']],
  ['factor-removed', [20, 'a second factor was removed']],
  ['sudo-refused', [15, 'it was refused']],
  ['crontab-changed', [15, 'what runs by itself was changed']],
])

/** What is odd about an act of administration. `person` is who did it, where that is known. */
export const actOddities = (
  act: Pick<AdminAct, 'what' | 'outcome'>,
  person: PersonState | undefined,
  address: string | undefined,
): Oddity[] => {
  const out: Oddity[] = []
  const grave = GRAVE.get(act.what)
  if (grave !== undefined) out.push({ weight: grave[0], why: grave[1] })
  if (act.outcome === 'failure' && act.what !== 'sudo-refused') out.push({ weight: 5, why: 'it failed' })
  if (person !== undefined && person.acts === 1) out.push({ weight: 10, why: `the only such act of ${person.name}` })
  if (person !== undefined && person.guessed > 0) out.push({ weight: 40, why: `${person.name} signed in after failed guesses` })
  if (address !== undefined && person !== undefined && person.addresses.size() > 0 && !person.addresses.has(address))
    out.push({ weight: 15, why: `from ${address}, from which ${person.name} did not sign in` })
  return out.toSorted((a, b) => b.weight - a.weight)
}

/** How many people had to do with one kind of record, and how often at the median. */
export type Usual = { readonly people: number; readonly median: number }

/** What is odd about how many records somebody had to do with: many more than others did with the same kind. */
export const dataOddities = (row: { readonly action: string; readonly count: number }, usual: Usual): Oddity[] => {
  const out: Oddity[] = []
  if (row.action === 'resource-export') out.push({ weight: 15, why: 'taken out of the system' })
  if (usual.people >= 4 && row.count >= 20 && row.count >= 5 * usual.median)
    out.push({
      weight: Math.min(40, 10 + Math.round(Math.log2(row.count / usual.median) * 5)),
      why: `the median of ${usual.people} people is ${usual.median}`,
    })
  else if (usual.people < 4 && row.count >= 500) out.push({ weight: 15, why: plural(row.count, 'record') })
  return out.toSorted((a, b) => b.weight - a.weight)
}
