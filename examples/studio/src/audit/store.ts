import type { AccessEntry } from '@parapet/guard'
import type { Database } from '../db/database.js'

/** What the page of accesses is narrowed to; empty text narrows nothing. */
export type AccessFilter = {
  readonly personId: string | undefined
  readonly action: AccessEntry['action'] | ''
  readonly outcome: AccessEntry['outcome'] | ''
}
/** The record of accesses. */
export type Accesses = ReturnType<typeof createAccesses>

const PAGE = 50

/** Who saw what: the sink of the guard's access audit, and what admins read of it. Nothing is ever changed. */
export const createAccesses = (db: Database) => ({
  record: async (entries: readonly AccessEntry[]): Promise<void> => {
    await db
      .insertInto('access_log')
      .values(
        entries.map(({ id, at, actor, action, resource, outcome, status, route, address, userAgent, reason }) => ({
          request_id: id,
          at: new Date(at),
          person_id: actor.kind === 'subject' ? actor.id : null,
          action,
          type: resource.type,
          resource: resource.id ?? null,
          outcome,
          status,
          route,
          address: address ?? null,
          user_agent: userAgent ?? null,
          reason: reason ?? null,
        })),
      )
      .execute()
  },
  /** newest first, a page at a time; `page` counts from 1 */
  list: async ({ personId, action, outcome }: AccessFilter, page: number, size = PAGE) => {
    let query = db
      .selectFrom('access_log')
      .leftJoin('people', 'people.id', 'access_log.person_id')
      .select(['access_log.id', 'access_log.at', 'access_log.action', 'access_log.type', 'access_log.resource'])
      .select(['access_log.outcome', 'access_log.address', 'people.name as actor'])
    if (personId !== undefined) query = query.where('access_log.person_id', '=', personId)
    if (action !== '') query = query.where('access_log.action', '=', action)
    if (outcome !== '') query = query.where('access_log.outcome', '=', outcome)
    const rows = await query
      .orderBy('access_log.id', 'desc')
      .limit(size + 1)
      .offset((page - 1) * size)
      .execute()
    return { entries: rows.slice(0, size), more: rows.length > size }
  },
  countSince: async (since: Date): Promise<number> =>
    Number(
      (await db.selectFrom('access_log').select(db.fn.countAll<string>().as('count')).where('at', '>=', since).executeTakeFirstOrThrow())
        .count,
    ),
})
