import { ownTables } from '../tables.js'
import type { PgPool, SealedColumnSpec } from '../types.js'
import type { SealState } from './states.js'

/** A plain column whose sealing has begun, and what its sealed values are bound to. */
export type SealingPlace = {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly state: SealState
  readonly spec: SealedColumnSpec
}

/** Every sealing that was begun, finished ones too, in the order of their names. Reads only; `schema` is where the state lies. */
export const listSealings = async (pool: Pick<PgPool, 'query'>, schema?: string): Promise<readonly SealingPlace[]> => {
  const { sealings } = ownTables(schema)
  const [found] = (await pool.query('select to_regclass($1) is not null as there', [sealings])).rows as readonly { there: boolean }[]
  if (found?.there !== true) return []
  return (
    await pool.query(
      `select schema_name as schema, table_name as "table", column_name as "column", state, spec from ${sealings} order by 1, 2, 3`,
    )
  ).rows as readonly SealingPlace[]
}
