import { defineProbe, inconclusive, type Probe } from '../../probe.js'
import { guessAt, judgeGuesses, type GuessFacts } from './guessing.js'

/** Guesses of different attackers that go side by side. */
const AT_ONCE = 4

/** Guesses at one account, each from another network, so that nothing that counts by address sees them. */
export const slowGuessing: Probe = defineProbe<GuessFacts>({
  id: 'CFG-026',
  name: 'slow-guessing',
  family: 'sign-in',
  title: 'Passwords of one account can be guessed from many places',
  severity: 'high',
  kind: 'intrusive',
  cwe: 307,
  asvs: ['6.3.1'],
  needs: ['signIn', 'accounts.spare', 'many-addresses'],
  why: 'Addresses are cheap to rent. A limit that counts by address alone lets each of them try, and together they try as often as they like.',
  fix: 'Count failures by name as well as by address, whatever address they come from, and let browsers that have signed in before through (device cookies).',
  pace: 'loud',
  collect: async (context) => {
    const account = context.take('spare')
    if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    let count = 0
    return guessAt(context, account, AT_ONCE, () => context.client({ name: `attacker ${++count}` }))
  },
  judge: (facts) => judgeGuesses(facts, 'sign-in', 'from as many addresses'),
})
