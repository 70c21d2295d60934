import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Takes a one-time token back. */
export const removeEnrolment = defineRoute({
  id: 'removeEnrolment',
  method: 'DELETE',
  url: '/v1/enrolments/:id',
  tag: 'agents',
  summary: 'Take a one-time token back',
  permission: 'sources.manage',
  rateLimit: 'write',
  audit: { action: 'enrolment.removed', resource: 'enrolment' },
  params: idParams,
  answer: { status: 204, description: 'It lets nobody in any more' },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    await services.enrolments.remove(params.id)
  },
})
