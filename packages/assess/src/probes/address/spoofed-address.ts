import type { ProbeClient } from '../../client/types.js'
import { defineProbe, inconclusive, type Probe, type ProbeContext } from '../../probe.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { attempt, ownerSignsIn, attemptShown, endText, withHeaders, type Attempt } from '../sign-in/attempts.js'
import { isLocked, lockAddress, type AddressLock } from './address-lock.js'
import { ALL_AT_ONCE, commonForgeries, forgedAddress, forgeries, type Forgery } from './forgeries.js'
import { isReset, readingOf, readingText, type Reading } from './limit-reading.js'

type Step = { readonly name: string; readonly before: Reading; readonly forged: Reading; readonly after: Reading }

type Facts = {
  /** a page that tells of its limit */
  readonly limits?: {
    readonly path: string
    readonly first: Reading
    readonly spent: Reading
    readonly steps: readonly Step[]
    readonly elsewhere?: Reading
  }
  /** sign-in, whose lock shows in what the right password gets */
  readonly lock?: {
    readonly control: Attempt
    readonly lock?: AddressLock
    /** the same password at an address that had not failed, meanwhile */
    readonly elsewhere?: Attempt
    readonly steps: readonly { readonly name: string; readonly one: Attempt }[]
    readonly after?: Attempt
  }
  /** pages that show the visitor his address, and what they show when another one is claimed */
  readonly echoes: readonly {
    readonly path: string
    readonly name: string
    readonly own: boolean
    readonly forged: boolean
    readonly status: number
  }[]
  /** why sign-in was not tried */
  readonly noLock?: string
}

const DRAIN = 10
const MOST_PATHS = 6

const pathsOf = ({ target }: ProbeContext): readonly string[] =>
  [...new Set(['/', ...(target.pages?.open ?? []), target.signIn?.page, target.signIn?.proof].filter((path) => path !== undefined))].slice(
    0,
    MOST_PATHS,
  )

const ask = async (client: ProbeClient, path: string, forgery?: Forgery): Promise<Reading> =>
  readingOf(await client.send({ path, cookies: false, ...(forgery === undefined ? {} : { headers: forgery.headers }) }))

const tryLimits = async (context: ProbeContext): Promise<Facts['limits']> => {
  for (const path of pathsOf(context)) {
    const visitor = context.client({ name: 'one visitor' })
    const first = await ask(visitor, path)
    // a visitor who is limited from the start shows nothing
    if (first.limited || first.left === undefined) continue
    let spent = first
    for (let i = 0; i < DRAIN && !spent.limited; i++) spent = await ask(visitor, path)
    // a count that does not go down is of something else
    if (!spent.limited && (spent.left === undefined || first.left === undefined || first.left - spent.left < DRAIN / 2)) continue
    const steps: Step[] = []
    let before = spent
    for (const forgery of forgeries(context)) {
      let step: Step = { name: forgery.name, before, forged: await ask(visitor, path, forgery), after: await ask(visitor, path) }
      if (isReset(first, step.before, step.forged, step.after) === 'unclear') {
        step = { name: forgery.name, before: step.after, forged: await ask(visitor, path, forgery), after: await ask(visitor, path) }
      }
      steps.push(step)
      before = step.after
    }
    const elsewhere = context.manyAddresses ? await ask(context.client({ name: 'somebody elsewhere' }), path) : undefined
    return { path, first, spent, steps, ...(elsewhere === undefined ? {} : { elsewhere }) }
  }
  return undefined
}

const tryLock = async (context: ProbeContext): Promise<Pick<Facts, 'lock' | 'noLock'>> => {
  if (context.target.signIn === undefined) return { noLock: 'declare signIn and accounts.spare, so that the lock of sign-in can be tried' }
  // the one address of the kit must not be locked: other probes need it
  if (!context.manyAddresses) return { noLock: 'let the kit appear at several addresses (addresses in the target file)' }
  const account = context.take('spare')
  if (account === undefined) return { noLock: 'declare more accounts under accounts.spare' }
  const control = await ownerSignsIn(context, account)
  if (control.end.kind !== 'in') return { lock: { control, steps: [] } }
  const attacker = context.client({ name: 'attacker' })
  const { address } = attacker
  const again = (name: string): ProbeClient => context.client({ name, ...(address === undefined ? {} : { address }) })
  const lock = await lockAddress(context, account, () => attacker, again('attacker'))
  if (!isLocked(lock)) return { lock: { control, lock, steps: [] } }
  const elsewhere = await attempt(context, context.client({ name: 'owner, elsewhere' }), account)
  const steps: { name: string; one: Attempt }[] = []
  for (const { name, headers } of commonForgeries(context)) {
    steps.push({ name, one: await attempt(context, withHeaders(again(`attacker with ${name}`), headers), account) })
  }
  return { lock: { control, lock, elsewhere, steps, after: await attempt(context, again('attacker'), account) } }
}

const tryEchoes = async (context: ProbeContext): Promise<Facts['echoes']> => {
  const seen: { path: string; name: string; own: boolean; forged: boolean; status: number }[] = []
  for (const path of pathsOf(context)) {
    const visitor = context.client({ name: 'one visitor' })
    const { address } = visitor
    if (address === undefined) return []
    const plain = await visitor.send({ path, cookies: false })
    if (plain.kind === 'none' || !plain.text.includes(address)) continue
    for (const { name } of commonForgeries(context)) {
      const forged = forgedAddress(context)
      const header = name.startsWith('X-Forwarded-For') ? 'x-forwarded-for' : name.toLowerCase()
      const answer = await visitor.send({ path, cookies: false, headers: { [header]: header === 'forwarded' ? `for=${forged}` : forged } })
      if (answer.kind === 'none') continue
      seen.push({ path, name, own: answer.text.includes(address), forged: answer.text.includes(forged), status: answer.status })
    }
  }
  return seen
}

const shownStep = (path: string, step: Step): readonly Exchange[] => [
  { as: 'one visitor', method: 'GET', url: path, status: step.before.status, note: readingText(step.before) },
  { as: `the same with a forged ${step.name}`, method: 'GET', url: path, status: step.forged.status, note: readingText(step.forged) },
  { as: 'the same without it', method: 'GET', url: path, status: step.after.status, note: readingText(step.after) },
]

/** `X-Forwarded-For (two lines)` is a matter of `X-Forwarded-For`. */
const headerOf = (name: string): string => name.split(' (', 1)[0] ?? name

/** One place a header, however it was spelled; all of them together only where none did it alone. */
const byHeader = <T>(found: readonly T[], nameOf: (one: T) => string): readonly (readonly [string, T])[] => {
  const places = new Map<string, T>()
  for (const one of found) if (!places.has(headerOf(nameOf(one)))) places.set(headerOf(nameOf(one)), one)
  if (places.size > 1) places.delete(ALL_AT_ONCE)
  return [...places]
}

const judgeLimits = ({ path, first, spent, steps, elsewhere }: NonNullable<Facts['limits']>): readonly ProbeVerdict[] => {
  const judged = steps.map((step) => ({ step, end: isReset(first, step.before, step.forged, step.after) }))
  const found = judged.filter(({ end }) => end === 'reset')
  if (found.length > 0) {
    return byHeader(found, ({ step }) => step.name).map(([header, { step }]) => ({
      verdict: 'fail',
      locator: header,
      says: `a made-up ${step.name} gives a visitor of ${path} a fresh limit: whoever sends another one each time has none`,
      evidence: shownStep(path, step),
    }))
  }
  // nobody gets through any more: that a forged request does not either says nothing of addresses
  if (elsewhere?.limited === true || elsewhere?.status === 0) {
    const reason = `the target limits everybody (${readingText(elsewhere)} at an address that had asked for nothing): run it again later`
    return [{ verdict: 'inconclusive', locator: path, reason }]
  }
  const held = judged.filter(({ end }) => end === 'held')
  const unclear = judged.find(({ end }) => end === 'unclear')
  if (unclear !== undefined) {
    const reason = `with ${unclear.step.name} forged, the answers of ${path} allow no statement (${readingText(unclear.step.forged)})`
    return [{ verdict: 'inconclusive', locator: path, reason, evidence: shownStep(path, unclear.step) }]
  }
  const fresh = elsewhere === undefined ? '' : `; another address had ${elsewhere.left ?? 'its own limit'}`
  const control = `the limit of ${path} went down from ${first.left ?? 'the first request'} to ${spent.limited ? 'a refusal' : (spent.left ?? 0)} and stayed down under ${held.length} forged headers${fresh}`
  return [{ verdict: 'pass', locator: path, control, evidence: steps.slice(0, 1).flatMap((step) => shownStep(path, step)) }]
}

const judgeLock = ({ control, lock, elsewhere, steps, after }: NonNullable<Facts['lock']>): readonly ProbeVerdict[] => {
  const locator = 'sign-in'
  if (lock === undefined || control.end.kind !== 'in') {
    return [
      {
        verdict: 'inconclusive',
        locator,
        reason: `the right password did not sign in before anything was tried (${endText(control.end)})`,
        evidence: attemptShown(control),
      },
    ]
  }
  if (lock.locked.end.kind === 'no-answer')
    return [{ verdict: 'error', locator, reason: `after ${lock.failures} failures: ${endText(lock.locked.end)}` }]
  if (!isLocked(lock)) {
    const reason = `no limit is to be seen: no page tells of one, and ${lock.failures} failures from one address locked nothing`
    return [{ verdict: 'inconclusive', locator, reason, evidence: attemptShown(lock.locked) }]
  }
  if (elsewhere?.end.kind !== 'in') {
    const reason = `after ${lock.failures} failures of names that nobody has the password was refused everywhere, not at one address alone`
    return [
      {
        verdict: 'inconclusive',
        locator,
        reason,
        evidence: [...attemptShown(lock.locked, 'locked'), ...(elsewhere === undefined ? [] : attemptShown(elsewhere, 'elsewhere'))],
      },
    ]
  }
  const found = steps.filter(({ one }) => one.end.kind === 'in' || one.end.kind === 'factor')
  // the lock may have run out by itself: it must hold without the forgery still
  if (after === undefined || after.end.kind === 'in' || after.end.kind === 'no-answer') {
    return [
      {
        verdict: 'inconclusive',
        locator,
        reason: 'the lock of the address was over before all forgeries were tried; run it again',
        evidence: attemptShown(lock.locked),
      },
    ]
  }
  if (found.length > 0) {
    return byHeader(found, ({ name }) => name).map(([header, { name, one }]) => ({
      verdict: 'fail',
      locator: header,
      says: `sign-in was locked for an address after ${lock.failures} failures, and a made-up ${name} opened it again`,
      evidence: [...attemptShown(lock.locked, 'locked'), ...attemptShown(one, `with ${name}`), ...attemptShown(after, 'without it')],
    }))
  }
  const silent = steps.find(({ one }) => one.end.kind === 'no-answer')
  if (silent !== undefined) return [{ verdict: 'error', locator, reason: `with ${silent.name} forged: ${endText(silent.one.end)}` }]
  const words = `${lock.failures} failures locked the address (${endText(lock.locked.end)}); it stayed locked under ${steps.length} forged headers, and the password signed in elsewhere`
  return [{ verdict: 'pass', locator, control: words, evidence: attemptShown(lock.locked, 'locked') }]
}

/** Claims other addresses by every header that some proxy writes: limits and locks must go on counting the real one. */
export const spoofedAddress: Probe = defineProbe<Facts>({
  id: 'CFG-005',
  name: 'spoofed-address',
  family: 'address',
  title: 'A visitor chooses the address that he is counted by',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 290,
  asvs: ['15.3.4'],
  needs: [],
  why: 'Whoever chooses his address has no limit, is never banned, and can have somebody else banned; the log names the wrong one.',
  fix: 'Declare how requests arrive (clientAddress of the guard: direct, or the addresses of your proxies) and believe only what the nearest trusted proxy wrote, from the right.',
  pace: 'loud',
  collect: async (context) => {
    const echoes = await tryEchoes(context)
    const limits = await tryLimits(context)
    if (limits !== undefined) return { echoes, limits }
    const lock = await tryLock(context)
    if (lock.lock === undefined && echoes.length === 0)
      throw inconclusive(`no page tells of a limit; ${lock.noLock ?? 'nothing else could be tried'}`)
    return { echoes, ...lock }
  },
  judge: ({ limits, lock, echoes, noLock }) => {
    const believed = echoes.filter(({ own, forged }) => forged && !own)
    const found = byHeader(believed, ({ path, name }) => `${path} ${headerOf(name)}`).map(
      ([locator, { path, name, status }]): ProbeVerdict => ({
        verdict: 'fail',
        locator,
        says: `${path} shows the visitor his address, and shows a made-up one instead when ${name} claims it`,
        evidence: [
          { as: `a visitor with a forged ${name}`, method: 'GET', url: path, status, note: 'shows the forged address, not the real one' },
        ],
      }),
    )
    const counted = limits === undefined ? (lock === undefined ? [] : judgeLock(lock)) : judgeLimits(limits)
    if (found.length > 0) return [...found, ...counted.filter((one) => one.verdict === 'fail')]
    if (counted.length > 0) return counted
    return [
      {
        verdict: 'inconclusive',
        locator: 'limits',
        reason: `the address that pages show was the real one, but no limit is to be seen; ${noLock ?? ''}`,
      },
    ]
  },
})
