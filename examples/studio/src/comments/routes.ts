import { Router } from 'express'
import { createShowDocument } from '../documents/show.js'
import { WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, type Doors, field } from '../web.js'

const MOST = 4_000

/** A comment's text, or nothing for one that is not taken. */
export const readComment = (body: unknown): string | undefined => {
  const text = field(body, 'text')
  return text === '' || text.length > MOST ? undefined : text
}

/** Whoever sees a document may comment on it. */
export const commentsRouter = (parts: StudioParts, { signedIn }: Doors): Router => {
  const router = Router()
  const ids = createIds(parts.guard)
  const { show, visible } = createShowDocument(parts)

  router.post(
    '/documents/:id/comments',
    signedIn(async (request, response, who) => {
      const document = await visible(request, who)
      const text = readComment(request.body)
      if (text === undefined)
        return show(response, who, document, {
          comment: field(request.body, 'text').slice(0, MOST),
          errors: { comment: WORDS.commentNeeded },
        })
      await parts.comments.add(document.id, who.person.id, text)
      response.redirect(303, `/documents/${ids.of('doc', document.id)}?done=commented`)
    }),
  )
  return router
}
