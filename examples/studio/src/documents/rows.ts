import type { DocumentRow } from '../pages/models.js'
import type { Ids } from '../web.js'
import type { Documents } from './store.js'

type Found = Awaited<ReturnType<Documents['list']>>['documents']

/** Documents as lists show them. */
export const documentRows = (ids: Ids, documents: Found): DocumentRow[] =>
  documents.map(({ id, title, framework, owner, status, changedAt, attachments }) => ({
    id: ids.of('doc', id),
    title,
    framework,
    owner,
    status,
    changedAt: changedAt.getTime(),
    attachments: Number(attachments ?? 0),
  }))
