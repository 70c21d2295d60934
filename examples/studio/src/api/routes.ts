import { publicError } from '@parapet/guard'
import { Router } from 'express'
import { isName } from '../accounts/checks.js'
import { readComment } from '../comments/routes.js'
import { documentRows } from '../documents/rows.js'
import { createShowDocument, type Visible } from '../documents/show.js'
import { WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, type Doors, field } from '../web.js'

/** The same for programs, as JSON, with the same session and the same rights. */
export const apiRouter = (parts: StudioParts, { signedIn }: Doors): Router => {
  const { guard, people, documents, comments } = parts
  const router = Router()
  const ids = createIds(guard)
  const { visible } = createShowDocument(parts)

  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })

  router.get(
    '/me',
    signedIn((_request, response, { person }) => {
      response.json({ id: ids.of('person', person.id), name: person.name, email: person.email, role: person.role })
    }),
  )

  router.post(
    '/me',
    signedIn(async (request, response, { person }) => {
      const name = field(request.body, 'name')
      if (!isName(name)) throw publicError(400, WORDS.nameNeeded, { code: 'NAME' })
      await people.update(person.id, { name })
      response.json({ id: ids.of('person', person.id), name })
    }),
  )

  router.get(
    '/documents',
    signedIn(async (request, response, { person }) => {
      const frameworkId = ids.read('framework', field(request.query, 'framework')) ?? ''
      const found = await documents.list(person.id, { q: field(request.query, 'q').slice(0, 200), frameworkId, status: '' })
      response.json({ documents: documentRows(ids, found.documents), total: found.total })
    }),
  )

  const asJson = async (document: Visible) => ({
    id: ids.of('doc', document.id),
    title: document.title,
    framework: document.framework,
    owner: document.owner,
    status: document.status,
    contact: document.contact,
    body: document.body,
    changedAt: document.changedAt.getTime(),
    comments: (await comments.of(document.id)).map(({ by, text, at }) => ({ by, text, at: at.getTime() })),
  })

  router.get(
    '/documents/:id',
    signedIn(async (request, response, who) => response.json(await asJson(await visible(request, who)))),
  )

  router.post(
    '/documents/:id/comments',
    signedIn(async (request, response, who) => {
      const document = await visible(request, who)
      const text = readComment(request.body)
      if (text === undefined) throw publicError(400, WORDS.commentNeeded, { code: 'COMMENT' })
      await comments.add(document.id, who.person.id, text)
      response.status(201).json({ by: who.person.name, text })
    }),
  )
  return router
}
