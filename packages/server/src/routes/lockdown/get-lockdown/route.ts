import { defineRoute } from '../../../http/define-route.js'
import { lockdownViewSchema } from '../../../http/enforcement-schemas.js'
import { shownLockdown } from '../shown-lockdown.js'

/** The lockdown in force, and the latest ones. */
export const getLockdown = defineRoute({
  id: 'getLockdown',
  method: 'GET',
  url: '/v1/lockdown',
  tag: 'lockdown',
  summary: 'See whether there is a lockdown',
  permission: 'decisions.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'The one in force, and the latest twenty', schema: lockdownViewSchema },
  handler: async ({ principal, services }) => {
    const shown = shownLockdown(services.namesFor(principal))
    const { current, latest } = await services.lockdown.view()
    return { current: current === null ? null : shown(current), latest: latest.map(shown) }
  },
})
