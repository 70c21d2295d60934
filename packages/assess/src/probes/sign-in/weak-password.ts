import { defineProbe, inconclusive, type Probe } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import { exchangeOf, see, unusable, type Seen } from '../seen/seen.js'
import { assertProofTells, nobodysName, wrongPassword } from './attempts.js'
import { lookOfBody, lookOfHead } from './looks.js'

type Choice = { readonly what: string; readonly answer: Seen; readonly typed: readonly string[]; readonly signsIn: boolean | 'unknown' }

type Facts = {
  readonly strong: readonly Choice[]
  readonly weak: readonly Choice[]
  /** no password at all: what a refusal looks like */
  readonly none: Choice
}

const LOCATOR = 'sign-up'
const WEAK = [
  ['12345678', '12345678'],
  ['password', 'password'],
  ['the name itself', undefined],
] as const

const lookOf = ({ answer, typed }: Choice): string => `${lookOfHead(answer, typed)}\n${lookOfBody(answer, typed)}`

const isTaken = ({ answer }: Choice): boolean => answer.status >= 200 && answer.status < 400

/** Makes accounts with passwords that stand first in every list of guesses, and one with a good one to compare. */
export const weakPassword: Probe = defineProbe<Facts>({
  id: 'AUT-007',
  name: 'weak-password',
  family: 'sign-in',
  title: 'Sign-up takes passwords that everybody guesses first',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 521,
  asvs: ['6.2.1', '6.2.4'],
  needs: ['signUp'],
  why: 'No limit helps an account whose password is among the first five that are tried.',
  fix: 'Refuse passwords below eight characters (better twelve), those of lists of common and leaked ones, and those that contain the name; checkPassword of @parapet/guard/passwords does.',
  pace: 'loud',
  collect: async (context) => {
    const { signUp, accounts } = context.target
    if (signUp === undefined) throw inconclusive('signUp is not declared')
    if (context.target.signIn !== undefined) await assertProofTells(context)
    const like = accounts?.a?.name ?? accounts?.spare?.[0]?.name ?? 'somebody@assess.example'
    const choose = async (what: string, password: string | undefined): Promise<Choice> => {
      const name = nobodysName(context, like)
      const chosen = password ?? name
      const answer = await see(
        context.client({ name: `somebody who chooses ${what}` }),
        fillRequest(signUp.request, { name, password: chosen, nonce: name.replaceAll(/[^a-z0-9]/g, '').slice(0, 12) }),
        8_000,
      )
      let signsIn: Choice['signsIn'] = 'unknown'
      if (context.target.signIn !== undefined && chosen !== '' && answer.status >= 200 && answer.status < 400) {
        const end = await context.signIn(context.client(), { name, password: chosen })
        // a sign-in that takes any password says nothing of this one
        const wrong = end.kind === 'in' ? await context.signIn(context.client(), { name, password: wrongPassword(context) }) : end
        signsIn = wrong.kind !== 'refused' ? 'unknown' : end.kind === 'in'
      }
      return { what, answer, typed: [name, chosen, name.slice(0, Math.max(0, name.lastIndexOf('@')))], signsIn }
    }
    const good = (): string => `${Buffer.from(context.random(18)).toString('base64url')}-aK7`
    const strong = [await choose('a long random password', good())]
    const weak: Choice[] = []
    for (const [what, password] of WEAK) weak.push(await choose(what, password))
    const none = await choose('no password', '')
    strong.push(await choose('another long random password', good()))
    return { strong, weak, none }
  },
  judge: ({ strong, weak, none }) => {
    const [first, again] = strong
    if (first === undefined || again === undefined) return [{ verdict: 'error', locator: LOCATOR, reason: 'it was not tried to the end' }]
    for (const { answer } of [first, again, none, ...weak]) {
      const verdict = unusable(LOCATOR, answer)
      if (verdict !== undefined) return [verdict]
    }
    const shown = (choice: Choice) => exchangeOf(choice.answer, { note: `with ${choice.what}`, around: 0, headers: ['location'] })
    if (!isTaken(first) || !isTaken(again)) {
      const reason = `sign-up did not take a long random password either (status ${first.answer.status}): check signUp in the target file`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: [shown(first)] }]
    }
    const within = weak.filter((choice) => choice.signsIn === true)
    if (within.length > 0) {
      const says = `an account made with ${within.map(({ what }) => what).join(', ')} as its password signs in`
      return [{ verdict: 'fail', locator: LOCATOR, says, evidence: within.slice(0, 3).map(shown) }]
    }
    if (lookOf(first) !== lookOf(again)) {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: 'the answers to two good passwords differ by themselves, so that a difference says nothing',
          evidence: [shown(first), shown(again)],
        },
      ]
    }
    const judgesAtAll = lookOf(none) !== lookOf(first) && !(first.signsIn === true)
    const alike = weak.filter((choice) => lookOf(choice) === lookOf(first))
    if (alike.length === 0) {
      return [
        {
          verdict: 'pass',
          locator: LOCATOR,
          control: `two long random passwords were taken; ${weak.map(({ what }) => what).join(', ')} were answered in another way`,
          evidence: [shown(first), ...weak.slice(0, 3).map(shown)],
        },
      ]
    }
    if (first.signsIn === true && again.signsIn === true && alike.every((choice) => choice.signsIn === false)) {
      return [
        {
          verdict: 'pass',
          locator: LOCATOR,
          control: 'accounts with long random passwords sign in; those with weak ones do not, though the answer is the same',
          evidence: [shown(first), ...weak.slice(0, 3).map(shown)],
        },
      ]
    }
    if (judgesAtAll) {
      const says = `sign-up answers ${alike.map(({ what }) => what).join(', ')} like a long random password, and refuses an empty one`
      return [{ verdict: 'fail', locator: LOCATOR, says, evidence: [...alike.slice(0, 2).map(shown), shown(first), shown(none)] }]
    }
    const reason =
      'sign-up answers every password alike, and none of the new accounts can sign in yet: whether a weak one was taken cannot be seen'
    return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: [shown(first), ...alike.slice(0, 2).map(shown)] }]
  },
})
