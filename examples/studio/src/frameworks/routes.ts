import { Router } from 'express'
import { frameworkPage, frameworksPage } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, type Doors, notFound, send } from '../web.js'
import { documentRows } from '../documents/rows.js'
import { frameworkRows } from './rows.js'

/** Frameworks are open to everybody who is signed in; their documents are not. */
export const frameworksRouter = ({ guard, frameworks, documents }: StudioParts, { signedIn }: Doors): Router => {
  const router = Router()
  const ids = createIds(guard)

  router.get(
    '/frameworks',
    signedIn(async (_request, response, { person, shell }) => {
      const all = await frameworks.counted(person.id)
      send(response, frameworksPage(shell, { frameworks: frameworkRows(ids, all) }))
    }),
  )

  router.get(
    '/frameworks/:id',
    signedIn(async (request, response, { person, shell }) => {
      const frameworkId = ids.need('framework', request.params['id'])
      const framework = await frameworks.byId(frameworkId)
      if (framework === undefined) throw notFound()
      const found = await documents.list(person.id, { q: '', frameworkId, status: '' }, 1, 100)
      const viewers = await frameworks.viewers(frameworkId)
      const row = { ...framework, id: ids.of('framework', frameworkId), count: found.total }
      send(response, frameworkPage(shell, { framework: row, documents: documentRows(ids, found.documents), viewers }))
    }),
  )
  return router
}
