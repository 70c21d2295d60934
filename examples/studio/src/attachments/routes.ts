import { publicError } from '@parapet/guard'
import { type Request, type Response, Router } from 'express'
import multer from 'multer'
import { createShowDocument } from '../documents/show.js'
import { WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { away, createIds, type Doors, notFound } from '../web.js'
import { ENDINGS, plainName, typeOf } from './types.js'

const MOST_BYTES = 5 * 1_024 * 1_024

const upload = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: MOST_BYTES, files: 1, fields: 2, parts: 3, headerPairs: 20 },
  defParamCharset: 'utf8',
}).single('file')

/** The file of a form; `too_large`, or what multer throws, as a verdict. */
const receive = (request: Request, response: Response): Promise<'read' | 'too_large'> =>
  new Promise((resolve, reject) => {
    upload(request, response, (error: unknown) => {
      if (error === undefined || error === null) resolve('read')
      else if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_SIZE') resolve('too_large')
      else reject(publicError(400, 'The form could not be read', { code: 'FORM', cause: error }))
    })
  })

/** Attachments: taken from owners after a look at size and type, given out by signed links that work in one session for ten minutes. */
export const attachmentsRouter = (parts: StudioParts, { signedIn }: Doors): Router => {
  const { guard, attachments } = parts
  const router = Router()
  const ids = createIds(guard)
  const { show, visible } = createShowDocument(parts)

  router.post(
    '/documents/:id/attachments',
    signedIn(async (request, response, who) => {
      // who may not attach is told before a byte of the file is read
      const document = await visible(request, who)
      if (document.ownerId !== who.person.id) throw publicError(403, 'Only the owner of a document adds attachments', { code: 'NOT_OWNER' })
      const received = await receive(request, response)
      const refuse = (attachment: string): Promise<void> => show(response, who, document, { errors: { attachment } })
      if (received === 'too_large') return refuse(WORDS.fileTooLarge)
      if (request.file === undefined) return refuse(WORDS.fileNeeded)
      const { originalname, buffer: content } = request.file
      const name = plainName(originalname)
      const type = typeOf(name, content)
      if (type === undefined) return refuse(`Choose a file whose name says what it is: ${ENDINGS.join(', ')}.`)
      await attachments.add(document.id, { name, type, content })
      response.redirect(303, `/documents/${ids.of('doc', document.id)}?done=attached`)
    }),
  )

  router.get(
    '/attachments/:id',
    signedIn(async (request, response, { person, session }) => {
      const verdict = await guard.url.verify(request, { subject: session.id })
      if (verdict.kind === 'degraded') throw away()
      // the signature says that we gave the link out; whether he may still see the document is asked all the same
      const found = verdict.kind === 'valid' ? await attachments.byId(person.id, ids.need('file', request.params['id'])) : undefined
      if (found === undefined) throw notFound()
      // nosniff comes from the guard; as an attachment no browser runs what is in it under our name
      response.set('Cache-Control', 'no-store').attachment(found.name).type(found.type).send(found.content)
    }),
  )
  return router
}
