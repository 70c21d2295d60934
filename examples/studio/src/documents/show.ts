import type { Request, Response } from 'express'
import type { Document as DocumentModel } from '../pages/models.js'
import { documentPage } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { createIds, notFound, send, type SignedIn } from '../web.js'
import type { Documents } from './store.js'

/** A document that was found, and may be seen. */
export type Visible = NonNullable<Awaited<ReturnType<Documents['byId']>>>
type Typed = Pick<DocumentModel, 'values' | 'comment' | 'errors'>

/** How long a link to an attachment is good, in the session that it was shown in. */
const LINK_MS = 10 * 60_000

/** The page of one document, for the routes that end in it. */
export const createShowDocument = ({ guard, documents, attachments, comments, frameworks }: StudioParts) => {
  const ids = createIds(guard)

  /** the document of the path, or 404: not there and not for this person are the same */
  const visible = async (request: Request, { person }: SignedIn): Promise<Visible> => {
    const document = await documents.byId(person.id, ids.need('doc', request.params['id']))
    if (document === undefined) throw notFound()
    return document
  }

  const show = async (response: Response, { person, session, shell }: SignedIn, document: Visible, typed?: Typed): Promise<void> => {
    const { frameworkId, contact, createdAt, changedAt, framework, ownerId, ...rest } = document
    const [files, said, all, viewers] = await Promise.all([
      attachments.of(document.id),
      comments.of(document.id),
      frameworks.all(),
      frameworks.viewers(frameworkId),
    ])
    const link = (id: string): string =>
      guard.url.sign({ url: `/attachments/${ids.of('file', id)}`, expiresInMs: LINK_MS, subject: session.id })
    const model: DocumentModel = {
      document: {
        ...rest,
        id: ids.of('doc', document.id),
        framework: ids.of('framework', frameworkId),
        contact: contact ?? '',
        createdAt: createdAt.getTime(),
        changedAt: changedAt.getTime(),
      },
      frameworkName: framework,
      frameworks: all.map(({ id, name }) => ({ id: ids.of('framework', id), name })),
      attachments: files.map(({ id, name, size, at }) => ({ name, size, href: link(id), by: document.owner, at: at.getTime() })),
      comments: said.map(({ by, text, at }) => ({ by, text, at: at.getTime() })),
      viewers: [
        { name: document.owner, why: 'owner' },
        ...viewers.filter((name) => name !== document.owner).map((name) => ({ name, why: 'framework' }) as const),
      ],
      mayEdit: ownerId === person.id,
      ...typed,
    }
    send(response, documentPage(shell, model), typed?.errors === undefined ? 200 : 400)
  }

  return { visible, show }
}
