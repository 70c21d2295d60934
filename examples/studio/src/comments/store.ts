import { randomUUID } from 'node:crypto'
import type { Database } from '../db/database.js'

/** Comments on documents. */
export type Comments = ReturnType<typeof createComments>

/** Comments on documents, oldest first. Whoever calls has asked whether the document may be seen. */
export const createComments = (db: Database) => ({
  of: (documentId: string) =>
    db
      .selectFrom('comments')
      .innerJoin('people', 'people.id', 'comments.author_id')
      .select(['people.name as by', 'comments.body as text', 'comments.created_at as at'])
      .where('comments.document_id', '=', documentId)
      .orderBy('comments.created_at')
      .limit(500)
      .execute(),
  add: async (documentId: string, authorId: string, body: string): Promise<void> => {
    await db.insertInto('comments').values({ id: randomUUID(), document_id: documentId, author_id: authorId, body }).execute()
  },
})
