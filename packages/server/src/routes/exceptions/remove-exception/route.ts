import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Ends an exception before its day. */
export const removeException = defineRoute({
  id: 'removeException',
  method: 'DELETE',
  url: '/v1/exceptions/:id',
  tag: 'rules',
  summary: 'Remove an exception',
  permission: 'rules.manage',
  rateLimit: 'write',
  audit: { action: 'exception.removed', resource: 'exception' },
  params: idParams,
  answer: { status: 204, description: 'It is gone' },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    const removed = await services.exceptions.remove(params.id)
    audit.detail = { rule: removed.ruleId, reason: removed.reason }
    await services.rules.settings.refresh()
  },
})
