import { defineProbe, type Probe } from '../../probe.js'
import { collectPages, judgePages } from './pages.js'

const NOBODY = 'an anonymous visitor'

/** Pages of administrators, asked for by nobody and by ordinary user `a`. Source: ASVS 8.2.1. */
export const adminAccess: Probe = defineProbe({
  id: 'AUT-003',
  name: 'admin-access',
  family: 'access',
  title: 'Pages of administrators open for others',
  severity: 'critical',
  kind: 'active',
  cwe: 306,
  asvs: ['8.2.1'],
  needs: ['pages.admin', 'accounts.admin', 'signIn'],
  why: 'Whoever opens the admin area reads everybody’s data and may give himself any right.',
  fix: 'Demand the administrator’s right on every route of the area, in the middleware that mounts it, not by hiding links.',
  pace: 'quiet',
  collect: async (context) => {
    const owner = await context.signedIn('admin', { name: 'the administrator' })
    const strangers = [context.client({ name: NOBODY })]
    if (context.target.accounts?.a !== undefined) strangers.push(await context.signedIn('a', { name: 'ordinary user a' }))
    return collectPages(context, owner, strangers, context.target.pages?.admin ?? [])
  },
  judge: (facts) => judgePages(facts, (as) => (as === NOBODY ? 'critical' : 'high')),
})
