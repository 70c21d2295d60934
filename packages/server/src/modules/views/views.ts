import { type Clock, ParapetError, type SavedView, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'
import type { Cell, Vault } from '../../vault/index.js'

/** Views of one operator. */
const MOST = 200

/** What of a view may name somebody. */
type Words = Pick<SavedView, 'name' | 'query'>

/** Searches that operators keep under a name. */
export type Views = {
  /** his own and those that others share, by name */
  readonly list: (operatorId: string) => Promise<readonly SavedView[]>
  /** Errors: `PPT_CONFLICT` when he has too many. */
  readonly create: (by: { readonly id: string; readonly name: string }, view: Words & { readonly shared: boolean }) => Promise<SavedView>
  /** Changes one of his own. Errors: `PPT_NOT_FOUND`. */
  readonly change: (operatorId: string, id: string, change: Partial<Words & { readonly shared: boolean }>) => Promise<SavedView>
  /** Removes one of his own; an admin also one that is shared. Errors: `PPT_NOT_FOUND`. */
  readonly remove: (operatorId: string, id: string, alsoShared: boolean) => Promise<void>
}

type Row = {
  readonly id: string
  readonly operator_id: string
  readonly operator_name: string
  readonly shared: boolean
  readonly sealed: string
  readonly created_at: number
}

/** Where name and query of a view are sealed. */
export const viewCell = (id: string): Cell => ({ table: 'saved_views', column: 'sealed', row: [id], type: 'json' })

/** Creates the module. */
export const createViews = (deps: { pool: Pool; clock: Clock; vault: Pick<Vault, 'open' | 'seal'> }): Views => {
  const { pool, clock, vault } = deps
  const toView = (row: Row): SavedView => ({
    id: row.id,
    ...(JSON.parse(vault.open(row.sealed, viewCell(row.id))) as Words),
    shared: row.shared,
    by: { id: row.operator_id, name: row.operator_name },
    createdAt: row.created_at,
  })
  const seal = (id: string, { name, query }: Words): string => vault.seal(JSON.stringify({ name, query }), viewCell(id))
  return {
    list: async (operatorId) => {
      const { rows } = await pool.query<Row>('SELECT * FROM saved_views WHERE operator_id = $1 OR shared ORDER BY id LIMIT 2000', [
        operatorId,
      ])
      return rows.map(toView).toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
    },
    create: async (by, { shared, ...words }) => {
      const now = clock()
      const id = uuidv7(now)
      const { rows } = await pool.query<Row>(
        `INSERT INTO saved_views (id, operator_id, operator_name, shared, sealed, created_at)
         SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM saved_views WHERE operator_id = $2) < ${MOST} RETURNING *`,
        [id, by.id, by.name, shared, seal(id, words), now],
      )
      if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', `${MOST} views are the most: remove some first`)
      return toView(rows[0])
    },
    change: async (operatorId, id, change) => {
      const { rows } = await pool.query<Row>('SELECT * FROM saved_views WHERE id = $1 AND operator_id = $2', [columnText(id), operatorId])
      if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
      const before = toView(rows[0])
      const changed = await pool.query<Row>(
        'UPDATE saved_views SET sealed = $3, shared = $4 WHERE id = $1 AND operator_id = $2 RETURNING *',
        [
          before.id,
          operatorId,
          seal(before.id, { name: change.name ?? before.name, query: change.query ?? before.query }),
          change.shared ?? before.shared,
        ],
      )
      if (changed.rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
      return toView(changed.rows[0])
    },
    remove: async (operatorId, id, alsoShared) => {
      const { rowCount } = await pool.query('DELETE FROM saved_views WHERE id = $1 AND (operator_id = $2 OR ($3 AND shared))', [
        columnText(id),
        operatorId,
        alsoShared,
      ])
      if (rowCount === 0) throw new ParapetError('PPT_NOT_FOUND')
    },
  }
}
