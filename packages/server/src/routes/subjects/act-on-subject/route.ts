import { defineRoute } from '../../../http/define-route.js'
import { authorOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'
import { subjectActSchema, subjectSchema } from '../../../http/subject-schemas.js'

/** Suspends a user, asks for more of him, ends his sessions, or takes all of it back. */
export const actOnSubject = defineRoute({
  id: 'actOnSubject',
  method: 'POST',
  url: '/v1/subjects/:id/act',
  tag: 'subjects',
  summary: 'Decide about a user of a protected application',
  description:
    'Each act is a decision on the user’s id with an end. It reaches every guard that knows this id, also at another application that uses the same ids.',
  permission: 'subjects.write',
  rateLimit: 'write',
  audit: { action: 'subject.acted', resource: 'subject' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: subjectActSchema,
  answer: { status: 200, description: 'The user as he is now', schema: subjectSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.reason = body.reason
    audit.detail = { act: body.act, ...(body.duration === undefined ? {} : { duration: body.duration }) }
    const { subject, decisionIds } = await services.subjects.act(params.id, body, authorOf(principal))
    audit.detail = { ...audit.detail, decisions: decisionIds.slice(0, 20).join(' ') }
    services.metrics.decisions(decisionIds.length)
    return services.namesFor(principal).subject(subject)
  },
})
