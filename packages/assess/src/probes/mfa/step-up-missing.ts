import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { ProbeClient } from '../../client/types.js'
import type { RequestTemplate } from '../../target/target.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { fillRequest } from '../../target/fill.js'
import { readTags } from '../seen/page.js'
import { exchangeOf, isOk, see, unusable, type Seen } from '../seen/seen.js'

/** An answer to the act, and whether it, or the page that it leads to, asks for a password or a code. */
type Act = { readonly seen: Seen; readonly asks: boolean }

type Facts = {
  /** how old the sign-in was at the second time, seconds; undefined: not declared, and not tried */
  readonly aged?: number
  /** declared, and longer than a probe may wait */
  readonly tooLong?: number
  readonly acts: readonly {
    readonly locator: string
    readonly nobody: Seen
    readonly fresh: Act
    readonly late?: Act
    /** the session was still signed in around the second time */
    readonly stillIn?: boolean
  }[]
}

/** A collector has a minute in all. */
const LONGEST_SECONDS = 45
const MOST_ACTS = 5

const asksForProof = (html: string): boolean =>
  readTags(html).tags.some(({ name, attributes }) => {
    if (name !== 'input') return false
    return attributes['type']?.toLowerCase() === 'password' || attributes['autocomplete']?.toLowerCase().includes('one-time-code') === true
  })

/** The path of a redirect within the target. */
const pathOf = (location: string | undefined, origin: string): string | undefined => {
  if (location === undefined) return undefined
  try {
    const url = new URL(location, origin)
    return `${url.pathname}${url.search}`
  } catch {
    return undefined
  }
}

const doAct = async (context: ProbeContext, client: ProbeClient, template: RequestTemplate): Promise<Act> => {
  const nonce = Buffer.from(context.random(6)).toString('hex')
  const seen = await see(client, fillRequest(template, { nonce }))
  if (asksForProof(seen.text)) return { seen, asks: true }
  const next = seen.status >= 300 && seen.status < 400 ? pathOf(seen.headers['location'], context.publicOrigin) : undefined
  if (next === undefined) return { seen, asks: seen.status === 401 }
  return { seen, asks: asksForProof((await see(client, { path: next })).text) }
}

const withoutQuery = (location: string | undefined): string => (location ?? '').split(/[?#]/, 1)[0] ?? ''
const lookOf = (seen: Seen): string => `${seen.status} ${withoutQuery(seen.headers['location'])}`
const isDone = ({ seen, asks }: Act): boolean => !asks && seen.status >= 200 && seen.status < 400

const judgeAct = (act: Facts['acts'][number], { aged, tooLong }: Pick<Facts, 'aged' | 'tooLong'>): ProbeVerdict => {
  const { locator, nobody, fresh, late, stillIn } = act
  const shown = (seen: Seen, note: string): Exchange => exchangeOf(seen, { headers: ['location'], note })
  const evidence = [
    shown(nobody, 'nobody'),
    shown(fresh.seen, 'right after the sign-in'),
    ...(late === undefined ? [] : [shown(late.seen, `${aged} s later, without a new proof`)]),
  ]
  for (const seen of [nobody, fresh.seen, ...(late === undefined ? [] : [late.seen])]) {
    const verdict = unusable(locator, seen)
    if (verdict !== undefined) return verdict
  }
  if (lookOf(nobody) === lookOf(fresh.seen)) {
    const reason = `the administrator gets the same answer as nobody (${fresh.seen.status}): check stepUp and accounts.admin in the target file`
    return { verdict: 'inconclusive', locator, reason, evidence }
  }
  if (fresh.asks) {
    return {
      verdict: 'pass',
      locator,
      control: `the administrator was asked to prove who he is even right after the sign-in (${fresh.seen.status}); nobody got ${nobody.status}`,
      evidence,
    }
  }
  if (!isDone(fresh)) {
    const reason = `the act was refused right after the sign-in (${fresh.seen.status}), so that it is not known what it looks like when it is done: check stepUp in the target file`
    return { verdict: 'inconclusive', locator, reason, evidence }
  }
  if (late === undefined) {
    const how =
      tooLong === undefined
        ? 'declare stepUpSeconds in the target file'
        : `${tooLong} s is longer than the ${LONGEST_SECONDS} s that the kit waits`
    const reason = `the act was done right after the sign-in, which is no fault; to see what an older one may do, run the target with a short time for fresh sign-ins: ${how}`
    return { verdict: 'inconclusive', locator, reason, evidence }
  }
  if (stillIn !== true) {
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the session was over after ${aged} s, so that nothing can be said of an older sign-in`,
      evidence,
    }
  }
  if (late.asks || late.seen.status === 401 || late.seen.status === 403) {
    return {
      verdict: 'pass',
      locator,
      control: `done right after the sign-in (${fresh.seen.status}); ${aged} s later in the same session a new proof was asked for (${late.seen.status})`,
      evidence,
    }
  }
  if (lookOf(late.seen) === lookOf(fresh.seen)) {
    return {
      verdict: 'fail',
      locator,
      says: `${locator} was done in a session that had shown its factors ${aged} s ago, though the target file says that this is too old`,
      evidence,
    }
  }
  return {
    verdict: 'inconclusive',
    locator,
    reason: `the act was answered in another way ${aged} s later (${late.seen.status}), but did not ask for a proof`,
    evidence,
  }
}

/** Does an administrator's dangerous act right after a sign-in and again when that is old: the second time it must ask who it is. */
export const stepUpMissing: Probe = defineProbe<Facts>({
  id: 'AUT-018',
  name: 'step-up-missing',
  family: 'mfa',
  title: 'Dangerous acts of an administrator need no fresh sign-in',
  severity: 'high',
  kind: 'intrusive',
  cwe: 306,
  asvs: ['7.5.3'],
  needs: ['signIn', 'accounts.admin', 'stepUp'],
  why: 'A session that was stolen, or left open on a desk, can then give out rights and reset other people’s factors for as long as it lives.',
  fix: 'Before such acts ask when the session last proved who it is, and send it to a step-up when that is too long ago (sessions.isFresh, mfa.needsStepUp and mfa.stepUp).',
  // it waits more than it asks
  pace: 'quiet',
  collect: async (context) => {
    const { stepUp = [], stepUpSeconds } = context.target
    const templates = stepUp.slice(0, MOST_ACTS)
    const nobody = context.client({ name: 'nobody' })
    const admin = await context.signedIn('admin', { name: 'administrator' })
    const since = context.clock()
    const first: { template: RequestTemplate; nobody: Seen; fresh: Act }[] = []
    for (const template of templates) {
      first.push({
        template,
        nobody: await see(nobody, fillRequest(template, { nonce: '0' })),
        fresh: await doAct(context, admin, template),
      })
    }
    const named = (template: RequestTemplate): string => `${template.method ?? 'POST'} ${template.path}`
    const acts = first.map(({ template, ...rest }) => ({ locator: named(template), ...rest }))
    const wait = stepUpSeconds !== undefined && stepUpSeconds <= LONGEST_SECONDS && first.some(({ fresh }) => isDone(fresh))
    if (!wait) return { acts, ...(stepUpSeconds !== undefined && stepUpSeconds > LONGEST_SECONDS ? { tooLong: stepUpSeconds } : {}) }
    await context.sleep(Math.max(0, since + stepUpSeconds * 1_000 - context.clock()))
    const before = isOk(await see(admin, { path: context.target.signIn?.proof ?? '/' }, 0))
    const late: Act[] = []
    for (const { template } of first) late.push(await doAct(context, admin, template))
    const after = isOk(await see(admin, { path: context.target.signIn?.proof ?? '/' }, 0))
    const stillIn = before && after
    return {
      aged: stepUpSeconds,
      acts: acts.map((act, i) => Object.assign(act, { stillIn }, late[i] === undefined ? {} : { late: late[i] })),
    }
  },
  judge: ({ acts, ...rest }) => acts.map((act) => judgeAct(act, rest)),
})
