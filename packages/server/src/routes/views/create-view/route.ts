import { defineRoute } from '../../../http/define-route.js'
import { savedViewSchema } from '../../../http/detection-schemas.js'
import { asOperator } from '../../../http/principal.js'
import { assertMayShare, viewSchema } from '../view-schema.js'

/** Keeps a search under a name. */
export const createView = defineRoute({
  id: 'createView',
  method: 'POST',
  url: '/v1/views',
  tag: 'events',
  summary: 'Save a search',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'view.created', resource: 'view' },
  body: viewSchema.meta({ examples: [{ name: 'failed sign-ins', query: 'filter=event.outcome:failure', shared: false }] }),
  answer: { status: 201, description: 'The saved search', schema: savedViewSchema },
  handler: async ({ body, principal, services, audit }) => {
    assertMayShare(principal, body.shared)
    const view = await services.views.create(asOperator(principal), body)
    audit.id = view.id
    audit.detail = { name: view.name, shared: view.shared }
    return view
  },
})
