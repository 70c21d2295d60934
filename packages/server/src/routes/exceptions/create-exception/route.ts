import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { exceptionSchema, matchSchema, reasonSchema } from '../../../http/detection-schemas.js'
import { personOf } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'

/** Leaves events of a rule out of account, until a day. */
export const createException = defineRoute({
  id: 'createException',
  method: 'POST',
  url: '/v1/exceptions',
  tag: 'rules',
  summary: 'Make an exception of a rule',
  description:
    'Events whose fields all match are not counted for the rule until `until`, at most 365 days ahead. `*` stands for any text; an address field takes a range. With `triageKey` a note is left at that group.',
  permission: 'rules.manage',
  rateLimit: 'write',
  audit: { action: 'exception.created', resource: 'exception' },
  body: z
    .strictObject({
      ruleId: line(128),
      match: matchSchema,
      until: z.int().min(0),
      reason: reasonSchema,
      triageKey: line(128).optional(),
    })
    .meta({
      examples: [{ ruleId: 'ssh-brute-force', match: { 'source.ip': '192.0.2.0/24' }, until: 1_798_000_000_000, reason: 'our scanner' }],
    }),
  answer: { status: 201, description: 'The exception, in force from now on', schema: exceptionSchema },
  handler: async ({ body: { triageKey, ...input }, principal, services, audit }) => {
    if (services.rules.book().get(input.ruleId) === undefined)
      throw new ParapetError('PPT_INVALID', 'ruleId: there is no such rule, or it cannot run')
    audit.detail = { rule: input.ruleId, match: JSON.stringify(input.match), reason: input.reason }
    const by = personOf(principal)
    const exception = await services.exceptions.create(input, by)
    audit.id = exception.id
    await services.rules.settings.refresh()
    if (triageKey !== undefined) await services.triage.act([triageKey], { act: 'note', text: `An exception was made: ${input.reason}` }, by)
    return exception
  },
})
