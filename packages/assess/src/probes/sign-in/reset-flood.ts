import { defineProbe, inconclusive, type Probe } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import { exchangeOf, isLimited, see, type Seen } from '../seen/seen.js'
import { askNowhere, isLikeNowhere } from './nowhere.js'
import { lookOfBody, lookOfHead } from './looks.js'

type Facts = { readonly answers: readonly Seen[]; readonly name: string; readonly nowhere: Seen }

const LOCATOR = 'reset'
const REQUESTS = 25
const ENOUGH = 3

const isTaken = (seen: Seen): boolean => seen.status >= 200 && seen.status < 400

/** Asks 25 times for a new password of one account from one address: a limit must be met. */
export const resetFlood: Probe = defineProbe<Facts>({
  id: 'CFG-014',
  name: 'reset-flood',
  family: 'sign-in',
  title: 'Password resets can be asked for without a limit',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 799,
  asvs: ['6.3.1', '2.4.1'],
  needs: ['reset', 'accounts.spare'],
  why: 'Each request sends a mail: somebody’s inbox is flooded in your name, your mail is taken for spam, and tokens can be collected or guessed.',
  fix: 'Limit the route by address (sensitiveRoutes of the guard answers 429) and by account, and answer the same whether a mail was sent or not.',
  pace: 'loud',
  collect: async (context) => {
    const { reset } = context.target
    const account = context.take('spare')
    if (account === undefined || reset === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    const visitor = context.client({ name: 'one visitor' })
    const answers: Seen[] = []
    let refused = 0
    while (answers.length < REQUESTS && refused < ENOUGH) {
      const seen = await see(visitor, fillRequest(reset.request, { name: account.name, password: account.password }), 4_000)
      answers.push(seen)
      refused = isTaken(seen) ? 0 : refused + 1
    }
    return { answers, name: account.name, nowhere: await askNowhere(context, reset.request, { name: account.name }) }
  },
  judge: ({ answers, name, nowhere }) => {
    const first = answers[0]
    const last = answers.at(-1)
    if (first === undefined || last === undefined) return [{ verdict: 'error', locator: LOCATOR, reason: 'nothing was asked' }]
    const evidence = [
      exchangeOf(first, { note: 'the first request', around: 0 }),
      exchangeOf(last, { note: `request number ${answers.length}`, around: 0, headers: ['retry-after', 'ratelimit'] }),
    ]
    if (first.status === 0) return [{ verdict: 'error', locator: LOCATOR, reason: `the first request got no answer (${first.why ?? ''})` }]
    if (!isTaken(first)) {
      const reason = `the first request was not taken (status ${first.status}): check reset in the target file, or run it again when its limit has passed`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (isLikeNowhere(nowhere, first, [name])) {
      const reason = 'a page that does not exist answers in the same way, so that nothing was asked for: check reset in the target file'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    const at = answers.findIndex(isLimited)
    if (at > 0)
      return [
        {
          verdict: 'pass',
          locator: LOCATOR,
          control: `the first request was taken, number ${at + 1} was limited (${answers[at]?.status})`,
          evidence,
        },
      ]
    if (answers.some((seen) => seen.status === 0))
      return [{ verdict: 'error', locator: LOCATOR, reason: `not every request was answered (${last.why ?? ''})` }]
    const refused = answers.findIndex((seen) => !isTaken(seen))
    if (refused > 0 && answers.slice(refused).every((seen) => seen.status < 500 && !isTaken(seen))) {
      return [
        {
          verdict: 'pass',
          locator: LOCATOR,
          control: `the first request was taken, from number ${refused + 1} on they were refused (${last.status})`,
          evidence,
        },
      ]
    }
    if (refused > 0)
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: `the target failed on the way (status ${answers[refused]?.status})`,
          evidence,
        },
      ]
    const looks = new Set(answers.map((seen) => `${lookOfHead(seen, [name])} ${lookOfBody(seen, [name])}`))
    if (looks.size > 1) {
      const reason =
        'all requests were taken, and the answers differ: whether mails stop cannot be seen from outside. Look into the mailbox of the account'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    return [
      {
        verdict: 'fail',
        locator: LOCATOR,
        says: `${answers.length} resets of one account, asked for by one visitor without a pause, were all taken alike`,
        evidence,
      },
    ]
  },
})
