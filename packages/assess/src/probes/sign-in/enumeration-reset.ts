import { inconclusive, defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import type { RequestTemplate } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { isLimited, see, type Seen } from '../seen/seen.js'
import { askNowhere, isLikeNowhere } from './nowhere.js'
import { nobodysName } from './attempts.js'
import { lookOfBody, lookOfHead } from './looks.js'
import { judgeNames, type NameAnswers } from './name-answers.js'

type Asked = NameAnswers & { readonly nowhere: Seen }
type Facts = { readonly asked: readonly Asked[]; readonly undeclared: readonly ('reset' | 'signUp')[] }

const ROUNDS = 3
const KEPT = 24_000

const ask = async (context: ProbeContext, locator: string, template: RequestTemplate, known: string, password: string): Promise<Asked> => {
  const answers: { known: Seen[]; unknown: Seen[] } = { known: [], unknown: [] }
  const typed = [known, password]
  for (let i = 0; i < ROUNDS; i++) {
    // each name that nobody has is asked for once: a sign-up makes it one that exists
    const nobody = nobodysName(context, known)
    typed.push(nobody)
    for (const [side, name] of [
      ['known', known],
      ['unknown', nobody],
    ] as const) {
      const visitor = context.client({ name: side === 'known' ? 'a name that exists' : 'a name that nobody has' })
      answers[side].push(await see(visitor, fillRequest(template, { name, password }), KEPT))
    }
  }
  return { locator, ...answers, typed, nowhere: await askNowhere(context, template, { name: known, password }) }
}

const isTaken = (seen: Seen | undefined): boolean => seen !== undefined && seen.status >= 200 && seen.status < 400

const judgePlace = (answers: Asked): ProbeVerdict => {
  const { locator, known, unknown, typed, nowhere } = answers
  const head = judgeNames(answers, (seen) => lookOfHead(seen, typed), 'status and headers')
  if (head.verdict !== 'pass') return head
  if (known[0] !== undefined && isLikeNowhere(nowhere, known[0], typed)) {
    const reason = `a page that does not exist answers like ${locator}, so that nothing was asked for: check ${locator} in the target file`
    return { verdict: 'inconclusive', locator, reason, ...(head.evidence === undefined ? {} : { evidence: head.evidence }) }
  }
  // the same refusal for both says only that the request of the target file is not taken
  if (!isTaken(known[0]) && !isTaken(unknown[0]) && ![...known, ...unknown].some(isLimited)) {
    const reason = `${locator} refused every request alike (status ${known[0]?.status ?? 0}): check its request in the target file`
    return { verdict: 'inconclusive', locator, reason, ...(head.evidence === undefined ? {} : { evidence: head.evidence }) }
  }
  const body = judgeNames(answers, (seen) => lookOfBody(seen, typed), 'text')
  return body.verdict === 'pass' ? { ...body, control: body.control.replace('the same text', 'the same status, headers and text') } : body
}

/** Asks for a reset, and signs up, with a name that exists and with names that nobody has: the answers must be the same. */
export const enumerationReset: Probe = defineProbe<Facts>({
  id: 'AUT-008',
  name: 'enumeration-reset',
  family: 'sign-in',
  title: 'Password reset or sign-up tells which names exist',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 204,
  asvs: ['6.3.8'],
  needs: [],
  why: 'A sign-in that keeps silent is of no use when the form beside it says “no such account” or “this name is taken”.',
  fix: 'Answer “we have sent you a mail” in either case, and tell the rest in the mail: the link, or that somebody tried to sign up with an address that has an account.',
  pace: 'quiet',
  collect: async (context) => {
    const { reset, signUp } = context.target
    const undeclared = [...(reset === undefined ? (['reset'] as const) : []), ...(signUp === undefined ? (['signUp'] as const) : [])]
    if (reset === undefined && signUp === undefined) return { asked: [], undeclared }
    const account = context.take('spare')
    if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    const asked: Asked[] = []
    if (reset !== undefined) asked.push(await ask(context, 'reset', reset.request, account.name, account.password))
    // with its own password: a sign-up that overwrites what is there changes nothing
    if (signUp !== undefined) asked.push(await ask(context, 'sign-up', signUp.request, account.name, account.password))
    return { asked, undeclared }
  },
  judge: ({ asked, undeclared }) => [
    ...asked.map(judgePlace),
    ...undeclared.map((name): ProbeVerdict => {
      const locator = name === 'reset' ? 'reset' : 'sign-up'
      return { verdict: 'skipped', locator, reason: `${name} is not declared: add it to the target file, with {{name}} in its request` }
    }),
  ],
})
