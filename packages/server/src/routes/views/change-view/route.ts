import { defineRoute } from '../../../http/define-route.js'
import { savedViewSchema } from '../../../http/detection-schemas.js'
import { asOperator } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'
import { assertMayShare, viewSchema } from '../view-schema.js'

/** Changes a search of one's own. */
export const changeView = defineRoute({
  id: 'changeView',
  method: 'PATCH',
  url: '/v1/views/:id',
  tag: 'events',
  summary: 'Change a saved search',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'view.changed', resource: 'view' },
  params: idParams,
  body: viewSchema.extend({ shared: viewSchema.shape.shared.unwrap() }).partial(),
  answer: { status: 200, description: 'The saved search as it is now', schema: savedViewSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    assertMayShare(principal, body.shared)
    const { name, query, shared } = body
    return services.views.change(asOperator(principal).id, params.id, {
      ...(name === undefined ? {} : { name }),
      ...(query === undefined ? {} : { query }),
      ...(shared === undefined ? {} : { shared }),
    })
  },
})
