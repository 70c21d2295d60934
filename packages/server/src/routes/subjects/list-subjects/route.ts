import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, line } from '../../../http/query-schemas.js'
import { flagKindSchema, subjectSchema } from '../../../http/subject-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

/** Users of protected applications. */
export const listSubjects = defineRoute({
  id: 'listSubjects',
  method: 'GET',
  url: '/v1/subjects',
  tag: 'subjects',
  summary: 'List users of protected applications',
  description: 'Names are sealed: `q` takes a whole name, mail address or id, in upper or lower case.',
  permission: 'subjects.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    q: line(256).optional(),
    role: line(64).optional(),
    flag: flagKindSchema.optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of users', schema: pageOf(subjectSchema) },
  handler: async ({ query: { cursor, limit, ...query }, principal, services }) => {
    const { items, next } = await services.subjects.list(query, cursor, limit)
    return { items: items.map(services.namesFor(principal).subject), next }
  },
})
