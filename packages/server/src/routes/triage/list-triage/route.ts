import { LEVELS, ParapetError, TRIAGE_STATUSES } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { groupSchema } from '../../../http/detection-schemas.js'
import { cursorSchema, limitSchema, line, momentSchema, oneOrMore } from '../../../http/query-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

/** Alerts that stand for one thing, as one line each. */
export const listTriage = defineRoute({
  id: 'listTriage',
  method: 'GET',
  url: '/v1/triage',
  tag: 'triage',
  summary: 'List groups of alerts',
  description: 'Those that changed last come first. A group that was put away opens again when its time is over or when it gets worse.',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    status: oneOrMore(z.enum(TRIAGE_STATUSES), TRIAGE_STATUSES.length).meta({ description: 'repeat for several; all when left out' }),
    level: z.enum(LEVELS).optional().meta({ description: 'this level or worse' }),
    rule: line(128).optional(),
    assignee: line(128).optional().meta({ description: 'the id of an operator, `me`, or `none`' }),
    since: momentSchema.optional().meta({ description: 'with an event since then' }),
    q: line(256).optional().meta({ description: "an address, a user or another value of the alerts, or a part of the rule's title" }),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of groups', schema: pageOf(groupSchema) },
  handler: async ({ query: { cursor, limit, assignee, ...filter }, principal, services }) => {
    if (assignee === 'me' && principal.kind !== 'operator') throw new ParapetError('PPT_INVALID', 'assignee: `me` is for operators')
    const who = assignee === 'me' && principal.kind === 'operator' ? principal.id : assignee
    const { items, next } = await services.triage.list({ ...filter, assignee: who }, cursor, limit)
    return { items: items.map(services.namesFor(principal).group), next }
  },
})
