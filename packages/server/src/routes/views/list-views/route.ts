import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { savedViewSchema } from '../../../http/detection-schemas.js'
import { asOperator } from '../../../http/principal.js'

/** Searches that the operator keeps, and those that others share. */
export const listViews = defineRoute({
  id: 'listViews',
  method: 'GET',
  url: '/v1/views',
  tag: 'events',
  summary: 'List saved searches',
  description: 'An operator who is shown hints instead of names sees only his own: the words of others may hold any.',
  permission: 'operator',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Saved searches by name', schema: z.object({ items: z.array(savedViewSchema) }) },
  handler: async ({ principal, services }) => {
    const { id } = asOperator(principal)
    const views = await services.views.list(id)
    return { items: services.namesFor(principal).hides ? views.filter(({ by }) => by.id === id) : [...views] }
  },
})
