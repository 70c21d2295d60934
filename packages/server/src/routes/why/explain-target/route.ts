import { canonicalAddress, DAY, parseRange, type WhyAnswer } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { whySchema } from '../../../http/wire-schemas.js'
import { isInForce } from '../../../modules/overview/index.js'

/** Decisions of which it is said where they are in force. */
const CONFIRMED = 20

/** Everything behind what is, or was, enforced on one address or user. */
export const explainTarget = defineRoute({
  id: 'explainTarget',
  method: 'GET',
  url: '/v1/why',
  tag: 'decisions',
  summary: 'Why is this address or user blocked',
  description: 'Decisions in force and past, the alerts that led to them, and the latest events, for one address, range or user id.',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({ target: line(256) }),
  answer: { status: 200, description: 'What is known about the target', schema: whySchema },
  handler: async ({ query, principal, services }) => {
    const now = services.clock()
    const address = canonicalAddress(query.target)
    const target = address ?? query.target.trim()
    const isRange = address === undefined && parseRange(target) !== undefined
    const about = address === undefined ? { user: target } : { address }
    const [decisions, alerts, events] = await Promise.all([
      services.decisions.forTarget(target),
      services.alerts.forTarget(target),
      isRange ? { items: [] } : services.events.search({ ...about, since: now - 30 * DAY, until: now + DAY, limit: 50 }),
    ])
    const binding = decisions.filter((decision) => isInForce(decision, now)).slice(0, CONFIRMED)
    const confirmed = await services.enforcers.confirm(binding)
    const shown = services.namesFor(principal)
    const incidents = shown.hides
      ? []
      : await services.incidents.linkedTo(address === undefined ? { subject: target } : { address, alertIds: alerts.map(({ id }) => id) })
    const answer: WhyAnswer = {
      target,
      blocked: decisions.some((decision) => isInForce(decision, now)),
      decisions,
      alerts,
      events: events.items,
      confirmations: binding.map(({ id }, index) => ({ decisionId: id, at: confirmed[index] ?? [] })),
      incidents,
    }
    return shown.why(answer)
  },
})
