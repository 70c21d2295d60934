import { randomUUID } from 'node:crypto'
import type { Database } from '../db/database.js'
import { mayView } from '../documents/store.js'

/** A file that was looked at, to be kept. */
export type NewAttachment = { readonly name: string; readonly type: string; readonly content: Buffer }
/** Attachments of documents. */
export type Attachments = ReturnType<typeof createAttachments>

/** Attachments, sealed in the database: no folder of a web server holds them. */
export const createAttachments = (db: Database) => ({
  of: (documentId: string) =>
    db
      .selectFrom('attachments')
      .select(['id', 'name', 'size', 'created_at as at'])
      .where('document_id', '=', documentId)
      .orderBy('created_at')
      .execute(),
  /** one with its content, if this person may see its document */
  byId: (personId: string, id: string) =>
    db
      .selectFrom('attachments')
      .innerJoin('documents', 'documents.id', 'attachments.document_id')
      .select(['attachments.id', 'attachments.name', 'attachments.type', 'attachments.content'])
      .where('attachments.id', '=', id)
      .where(mayView(personId))
      .executeTakeFirst(),
  add: async (documentId: string, { content, ...rest }: NewAttachment, id: string = randomUUID()): Promise<string> => {
    await db
      .insertInto('attachments')
      .values({ id, document_id: documentId, size: content.length, content, ...rest })
      .execute()
    return id
  },
  names: async (ids: readonly string[]) =>
    ids.length === 0 ? [] : db.selectFrom('attachments').select(['id', 'name']).where('id', 'in', ids).execute(),
})
