import { randomUUID } from 'node:crypto'
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Database, DocumentStatus, Tables } from '../db/database.js'

/** What its owner says of a document. */
export type DocumentValues = {
  readonly title: string
  readonly frameworkId: string
  readonly status: DocumentStatus
  readonly contact: string | null
  readonly body: string
}
/** What a list is narrowed to; empty text narrows nothing. */
export type DocumentFilter = { readonly q: string; readonly frameworkId: string; readonly status: DocumentStatus | '' }
/** Documents, as far as a person may see them. */
export type Documents = ReturnType<typeof createDocuments>

const PAGE = 20

/** The one rule of who sees a document: its owner, and who has the view right of its framework. Every read goes through it. */
export const mayView =
  (personId: string) =>
  (eb: ExpressionBuilder<Tables, 'documents'>): Expression<SqlBool> =>
    eb.or([
      eb('documents.owner_id', '=', personId),
      eb('documents.framework_id', 'in', eb.selectFrom('rights').select('rights.framework_id').where('rights.person_id', '=', personId)),
    ])

/** Documents, as far as a person may see them. */
export const createDocuments = (db: Database) => {
  const rows = (personId: string) =>
    db
      .selectFrom('documents')
      .innerJoin('frameworks', 'frameworks.id', 'documents.framework_id')
      .innerJoin('people', 'people.id', 'documents.owner_id')
      .where(mayView(personId))

  const filtered = (personId: string, { q, frameworkId, status }: DocumentFilter) => {
    let query = rows(personId)
    if (frameworkId !== '') query = query.where('documents.framework_id', '=', frameworkId)
    if (status !== '') query = query.where('documents.status', '=', status)
    // the contact is sealed: it is found as a whole, by its blind index
    if (q !== '')
      query = query.where((eb) =>
        eb.or([eb('documents.title', 'ilike', `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`), eb('documents.contact', '=', q)]),
      )
    return query
  }

  return {
    /** newest change first, a page at a time; `page` counts from 1 */
    list: async (personId: string, filter: DocumentFilter, page = 1, size = PAGE) => {
      const { total } = await filtered(personId, filter)
        .select((eb) => eb.fn.countAll<string>().as('total'))
        .executeTakeFirstOrThrow()
      const documents = await filtered(personId, filter)
        .select(['documents.id', 'documents.title', 'documents.status', 'documents.updated_at as changedAt'])
        .select(['frameworks.name as framework', 'people.name as owner'])
        .select((eb) =>
          eb
            .selectFrom('attachments')
            .select((inner) => inner.fn.countAll<string>().as('count'))
            .whereRef('attachments.document_id', '=', 'documents.id')
            .as('attachments'),
        )
        .orderBy('documents.updated_at', 'desc')
        .orderBy('documents.id')
        .limit(size)
        .offset((page - 1) * size)
        .execute()
      return { documents, total: Number(total), pages: Math.max(1, Math.ceil(Number(total) / size)) }
    },
    /** by state, of those that this person sees */
    counts: async (personId: string) => {
      const found = await db
        .selectFrom('documents')
        .select(['status', db.fn.countAll<string>().as('count')])
        .where(mayView(personId))
        .groupBy('status')
        .execute()
      const of = (status: DocumentStatus): number => Number(found.find((row) => row.status === status)?.count ?? 0)
      return { draft: of('draft'), review: of('review'), approved: of('approved') }
    },
    /** one document, if this person may see it */
    byId: (personId: string, id: string) =>
      rows(personId)
        .select(['documents.id', 'documents.title', 'documents.body', 'documents.status', 'documents.contact'])
        .select(['documents.framework_id as frameworkId', 'documents.owner_id as ownerId'])
        .select(['documents.created_at as createdAt', 'documents.updated_at as changedAt'])
        .select(['frameworks.name as framework', 'people.name as owner'])
        .where('documents.id', '=', id)
        .executeTakeFirst(),
    add: async (ownerId: string, { frameworkId, ...values }: DocumentValues, id: string = randomUUID()): Promise<string> => {
      await db
        .insertInto('documents')
        .values({ id, owner_id: ownerId, framework_id: frameworkId, ...values })
        .execute()
      return id
    },
    /** changes it for its owner, and for nobody else */
    update: async (ownerId: string, id: string, { frameworkId, ...values }: DocumentValues): Promise<void> => {
      await db
        .updateTable('documents')
        .set({ framework_id: frameworkId, updated_at: new Date(), ...values })
        .where('id', '=', id)
        .where('owner_id', '=', ownerId)
        .execute()
    },
    count: async (): Promise<number> =>
      Number((await db.selectFrom('documents').select(db.fn.countAll<string>().as('count')).executeTakeFirstOrThrow()).count),
    titles: async (ids: readonly string[]) =>
      ids.length === 0 ? [] : db.selectFrom('documents').select(['id', 'title as name']).where('id', 'in', ids).execute(),
  }
}
