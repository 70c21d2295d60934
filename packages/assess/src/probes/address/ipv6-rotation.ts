import { defineProbe, inconclusive, type Probe, type ProbeContext } from '../../probe.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { attempt, ownerSignsIn, attemptShown, endText, type Attempt } from '../sign-in/attempts.js'
import { isLocked, lockAddress, type AddressLock } from './address-lock.js'
import { readingOf, readingText, type Reading } from './limit-reading.js'

type Facts = {
  /** requests of one address, and of as many addresses of another /64 */
  readonly limits?: { readonly path: string; readonly same: readonly Reading[]; readonly rotated: readonly Reading[] }
  /** sign-in: failures of one address, and of many of another /64 */
  readonly lock?: { readonly control: Attempt; readonly same?: AddressLock; readonly rotated?: AddressLock; readonly elsewhere?: Attempt }
}

const REQUESTS = 12
const FAILURES = 24
const MOST_PATHS = 6

const tryLimits = async (context: ProbeContext): Promise<Facts['limits']> => {
  const { target } = context
  const paths = [
    ...new Set(['/', ...(target.pages?.open ?? []), target.signIn?.page, target.signIn?.proof].filter((path) => path !== undefined)),
  ]
  const ask = async (address: string, path: string): Promise<Reading> =>
    readingOf(await context.client({ name: address, address }).send({ path, cookies: false }))
  for (const path of paths.slice(0, MOST_PATHS)) {
    const [address] = context.addresses('v6', 1)
    if (address === undefined) return undefined
    const same: Reading[] = []
    for (let i = 0; i < REQUESTS && (i === 0 || same[0]?.left !== undefined); i++) same.push(await ask(address, path))
    if (!goesDown(same)) continue
    const rotated: Reading[] = []
    for (const other of context.addresses('v6', REQUESTS)) rotated.push(await ask(other, path))
    return { path, same, rotated }
  }
  return undefined
}

/** Half of the requests at least are to be seen in the count; the rest may have been refilled. */
const goesDown = (readings: readonly Reading[]): boolean => {
  const [first, last] = [readings[0], readings.at(-1)]
  if (first === undefined || last === undefined || readings.length < REQUESTS) return false
  return last.limited ? !first.limited : first.left !== undefined && last.left !== undefined && first.left - last.left >= REQUESTS / 2
}

/** Each request met a budget as good as new. */
const staysUp = (readings: readonly Reading[]): boolean => {
  const first = readings[0]?.left
  return first !== undefined && readings.length >= REQUESTS && readings.every(({ left }) => left !== undefined && left >= first - 1)
}

const judgeLimits = ({ path, same, rotated }: NonNullable<Facts['limits']>): ProbeVerdict => {
  const shown = (as: string, one: Reading | undefined): readonly Exchange[] =>
    one === undefined ? [] : [{ as, method: 'GET', url: path, status: one.status, note: readingText(one) }]
  const evidence = [
    ...shown('one IPv6 address, first request', same[0]),
    ...shown(`the same, request number ${same.length}`, same.at(-1)),
    ...shown('another /64, first address', rotated[0]),
    ...shown(`that /64, address number ${rotated.length}`, rotated.at(-1)),
  ]
  const silent = rotated.find(({ status }) => status === 0)
  if (silent !== undefined) return { verdict: 'error', locator: path, reason: `${path}: ${readingText(silent)}` }
  if (staysUp(rotated)) {
    const says = `${rotated.length} addresses of one /64 have a limit each at ${path}: one subscriber has 18 quintillion of them`
    return { verdict: 'fail', locator: path, says, evidence }
  }
  if (goesDown(rotated)) {
    return {
      verdict: 'pass',
      locator: path,
      control: `the limit of ${path} went down for one address, and as far for ${rotated.length} addresses of one /64 together`,
      evidence,
    }
  }
  return {
    verdict: 'inconclusive',
    locator: path,
    reason: `the limit of ${path} neither went down for the addresses of one /64 nor stayed as it was`,
    evidence,
  }
}

const judgeLock = ({ control, same, rotated, elsewhere }: NonNullable<Facts['lock']>): ProbeVerdict => {
  const locator = 'sign-in'
  if (control.end.kind !== 'in' || same === undefined) {
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the right password did not sign in before anything was tried (${endText(control.end)})`,
      evidence: attemptShown(control),
    }
  }
  for (const one of [same, rotated]) {
    if (one?.locked.end.kind === 'no-answer')
      return { verdict: 'error', locator, reason: `after ${one.failures} failures: ${endText(one.locked.end)}` }
  }
  if (!isLocked(same)) {
    const reason = `no limit is to be seen: no page tells of one, and ${same.failures} failures from one IPv6 address locked nothing`
    return { verdict: 'inconclusive', locator, reason, evidence: attemptShown(same.locked) }
  }
  if (rotated === undefined) return { verdict: 'error', locator, reason: 'it was not tried to the end' }
  const evidence = [
    ...attemptShown(same.locked, 'after failures of one address'),
    ...attemptShown(rotated.locked, 'after as many from addresses of one /64'),
  ]
  if (isLocked(rotated) && elsewhere?.end.kind !== 'in') {
    const reason = `after ${rotated.failures} failures of names that nobody has the password was refused everywhere, not in one network alone`
    return { verdict: 'inconclusive', locator, reason, evidence }
  }
  if (isLocked(rotated)) {
    return {
      verdict: 'pass',
      locator,
      control: `${same.failures} failures locked one address, ${rotated.failures} of many addresses locked their /64; the password signed in elsewhere`,
      evidence,
    }
  }
  const says = `${same.failures} failures lock one IPv6 address, but ${rotated.failures} from different addresses of one /64 lock nothing: one subscriber has 18 quintillion of them`
  return { verdict: 'fail', locator, says, evidence }
}

/** Changes the address within one /64, which is what one subscriber gets: limits and locks must count the network. */
export const ipv6Rotation: Probe = defineProbe<Facts>({
  id: 'CFG-025',
  name: 'ipv6-rotation',
  family: 'address',
  title: 'Limits count single IPv6 addresses',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 770,
  asvs: ['2.4.1', '6.3.1'],
  needs: ['many-addresses'],
  why: 'Every home line and every rented server has a /64. A limit for each address of it is no limit.',
  fix: 'Count IPv6 by its first 64 bits (v6Prefix of the guard, which is the default), and by fewer where a provider gives more.',
  pace: 'loud',
  collect: async (context) => {
    if (context.addresses('v6', 1).length === 0) {
      throw inconclusive(
        'the kit cannot appear at IPv6 addresses here: attack with addresses of kind forwarded, as the proxy in front of the target',
      )
    }
    const limits = await tryLimits(context)
    if (limits !== undefined) return { limits }
    const account = context.target.signIn === undefined ? undefined : context.take('spare')
    if (account === undefined)
      throw inconclusive('no page tells of a limit; declare signIn and accounts.spare, so that the lock of sign-in can be tried')
    const control = await ownerSignsIn(context, account)
    if (control.end.kind !== 'in') return { lock: { control } }
    const [one] = context.addresses('v6', 1)
    const visitor = (address: string | undefined) => context.client(address === undefined ? {} : { name: address, address })
    const same = await lockAddress(context, account, () => visitor(one), visitor(one))
    if (!isLocked(same)) return { lock: { control, same } }
    const many = context.addresses('v6', FAILURES)
    const rotated = await lockAddress(context, account, (i) => visitor(many[i]), visitor(many.at(-1)))
    return { lock: { control, same, rotated, elsewhere: await attempt(context, context.client({ name: 'owner, elsewhere' }), account) } }
  },
  judge: ({ limits, lock }) => [
    limits === undefined
      ? lock === undefined
        ? { verdict: 'error', locator: 'limits', reason: 'nothing was tried' }
        : judgeLock(lock)
      : judgeLimits(limits),
  ],
})
