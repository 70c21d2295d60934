import { publicError } from '@parapet/guard'
import { Router } from 'express'
import { documentsPage, newDocumentPage } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, type Doors, field, send } from '../web.js'
import { readDocumentForm, readStatus } from './form.js'
import { documentRows } from './rows.js'
import { createShowDocument } from './show.js'

/** Documents: lists and search, new ones, one with all that belongs to it. What one may not see is not there. */
export const documentsRouter = (parts: StudioParts, { signedIn }: Doors): Router => {
  const { guard, documents, frameworks } = parts
  const router = Router()
  const ids = createIds(guard)
  const { show, visible } = createShowDocument(parts)
  const choices = async () => (await frameworks.all()).map(({ id, name }) => ({ id: ids.of('framework', id), name }))

  router.get(
    '/documents',
    signedIn(async (request, response, { person, shell }) => {
      const filter = { q: field(request.query, 'q').slice(0, 200), framework: field(request.query, 'framework') }
      const status = readStatus(field(request.query, 'status'))
      const frameworkId = ids.read('framework', filter.framework) ?? ''
      const page = Math.min(1_000, Math.max(1, Math.trunc(Number(field(request.query, 'page'))) || 1))
      const found = await documents.list(person.id, { q: filter.q, frameworkId, status }, page)
      const model = { filter: { ...filter, status }, frameworks: await choices(), page, total: found.total, pages: found.pages }
      send(response, documentsPage(shell, { ...model, documents: documentRows(ids, found.documents) }))
    }),
  )

  router.get(
    '/documents/new',
    signedIn(async (_request, response, { shell }) => send(response, newDocumentPage(shell, { frameworks: await choices() }))),
  )

  router.post(
    '/documents',
    signedIn(async (request, response, { person, shell }) => {
      const form = await readDocumentForm(request.body, ids, frameworks)
      if (form.kind === 'bad')
        return send(response, newDocumentPage(shell, { frameworks: await choices(), values: form.typed, errors: form.errors }), 400)
      const id = await documents.add(person.id, form.values)
      response.redirect(303, `/documents/${ids.of('doc', id)}?done=document-created`)
    }),
  )

  router.get(
    '/documents/:id',
    signedIn(async (request, response, who) => show(response, who, await visible(request, who))),
  )

  router.post(
    '/documents/:id',
    signedIn(async (request, response, who) => {
      const document = await visible(request, who)
      if (document.ownerId !== who.person.id) throw publicError(403, 'Only the owner of a document changes it', { code: 'NOT_OWNER' })
      const form = await readDocumentForm(request.body, ids, frameworks)
      if (form.kind === 'bad') return show(response, who, document, { values: form.typed, errors: form.errors })
      await documents.update(who.person.id, document.id, form.values)
      response.redirect(303, `/documents/${ids.of('doc', document.id)}?done=saved`)
    }),
  )
  return router
}
