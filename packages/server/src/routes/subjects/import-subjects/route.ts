import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { subjectImportSchema } from '../../../http/subject-schemas.js'

/** Who an application's users are, from the application itself. */
export const importSubjects = defineRoute({
  id: 'importSubjects',
  method: 'POST',
  url: '/v1/subjects/import',
  tag: 'subjects',
  summary: 'Send the users of an application',
  description:
    'With the token of its source. A user sent again is changed: what is left out stays, roles that are given take the place of those before. Nobody is removed.',
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'subjects.imported', resource: 'source', when: 'refused' },
  bodyLimit: 5_242_880,
  body: subjectImportSchema,
  answer: { status: 200, description: 'They are kept', schema: z.object({ taken: z.int() }) },
  handler: async ({ body, principal, services }) => {
    if (principal.kind !== 'token' || principal.source === undefined)
      throw new ParapetError('PPT_FORBIDDEN', 'only an application says who its users are: use the token of its source')
    return services.subjects.take(principal.source, body.subjects)
  },
})
