import { defineProbe, type Probe } from '../../probe.js'
import { collectPages, judgePages } from './pages.js'

/** Pages for signed-in users, asked for by nobody. Compared by content with what account `a` sees. Source: ASVS 8.2.1. */
export const anonymousAccess: Probe = defineProbe({
  id: 'ACC-001',
  name: 'anonymous-access',
  family: 'access',
  title: 'Pages for signed-in users open without a sign-in',
  severity: 'high',
  kind: 'active',
  cwe: 862,
  asvs: ['8.2.1'],
  needs: ['pages.signedIn', 'accounts.a', 'signIn'],
  why: 'Anybody who knows or guesses the address reads what people thought was behind the sign-in.',
  fix: 'Refuse by default and let each route say who may open it; check it on the server in one place that every route passes.',
  pace: 'quiet',
  collect: async (context) => {
    const owner = await context.signedIn('a', { name: 'account a' })
    return collectPages(context, owner, [context.client({ name: 'an anonymous visitor' })], context.target.pages?.signedIn ?? [])
  },
  judge: (facts) => judgePages(facts, () => 'high'),
})
