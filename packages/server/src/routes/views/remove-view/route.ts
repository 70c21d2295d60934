import { defineRoute } from '../../../http/define-route.js'
import { asOperator, may } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'

/** Removes a search of one's own; an admin also one that others share. */
export const removeView = defineRoute({
  id: 'removeView',
  method: 'DELETE',
  url: '/v1/views/:id',
  tag: 'events',
  summary: 'Remove a saved search',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'view.removed', resource: 'view' },
  params: idParams,
  answer: { status: 204, description: 'It is gone' },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    await services.views.remove(asOperator(principal).id, params.id, may(principal, 'triage.write'))
  },
})
