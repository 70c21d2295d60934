import { defineProbe, inconclusive, type Probe } from '../../probe.js'
import { guessAt, judgeGuesses, type GuessFacts } from './guessing.js'

/** Guesses at one account from one place: wrong passwords, then the right one. */
export const fastGuessing: Probe = defineProbe<GuessFacts>({
  id: 'CFG-014',
  name: 'fast-guessing',
  family: 'sign-in',
  title: 'Passwords of one account can be guessed from one place',
  severity: 'high',
  kind: 'intrusive',
  cwe: 307,
  asvs: ['6.3.1'],
  needs: ['signIn', 'accounts.spare'],
  why: 'Whoever may try as often as he likes finds the password of every account that has a common one.',
  fix: 'Count failures for each name, known or not, and lock or slow down after a few of them; the login shield does (guard.login.attempt). Answer a locked name like a wrong password.',
  pace: 'loud',
  collect: async (context) => {
    const account = context.take('spare')
    if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    const attacker = context.client({ name: 'attacker' })
    return guessAt(context, account, 1, () => attacker)
  },
  judge: (facts) => judgeGuesses(facts, 'sign-in', 'from one address'),
})
