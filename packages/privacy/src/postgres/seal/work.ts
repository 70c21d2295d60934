import { isDeepStrictEqual } from 'node:util'
import { isParapetError, ParapetError } from '@parapet/core'
import { type CatalogTable, readTable } from '../catalog.js'
import { quoteName } from '../identifiers.js'
import { indexesOf } from '../indexes.js'
import { createPace } from '../pace.js'
import type { RotationDeps, WalkOptions } from '../rotate.js'
import { contextOf, keyArrays, keyColumns, walkRows, type WalkRow } from '../rows.js'
import { sealAs, storageOf } from '../storage.js'
import { columnKey } from '../tables.js'
import { type PgClient } from '../types.js'
import type { SealedProblem } from '../verify.js'
import { namesOf, plainSql, todoSql } from './ddl.js'
import type { SealPlan } from './plan.js'
import type { SealState } from './states.js'

/** One sealing under way: the connection that holds its lock, and what was decided. */
export type SealWork = {
  readonly deps: RotationDeps
  readonly client: PgClient
  readonly plan: SealPlan
  readonly table: CatalogTable
}

const WHERE = 'schema_name = $1 and table_name = $2 and column_name = $3'

/** The key of a sealing in the state table: the plain column. */
export const stateKey = (plan: SealPlan): [string, string, string] =>
  columnKey({ schema: plan.spec.schema ?? 'public', table: plan.spec.table, column: plan.plain })

/** Writes the state; in the transaction of the step, so that both happen or none. */
export const writeState = async (work: SealWork, state: SealState): Promise<void> => {
  const { rowCount } = await work.client.query(`update ${work.deps.tables.sealings} set state = $4, updated_at = now() where ${WHERE}`, [
    ...stateKey(work.plan),
    state,
  ])
  if (rowCount !== 1) throw new ParapetError('PPT_SEAL_STATE', `the state of ${work.plan.plain} was removed while it was sealed`)
}

/** Reads the table anew: a step changed it. */
export const reload = async (work: SealWork): Promise<SealWork> => ({
  ...work,
  table: await readTable(work.client, work.plan.spec.schema ?? 'public', work.plan.spec.table),
})

const tenantMatch = (plan: SealPlan): string =>
  plan.spec.tenant !== undefined && 'column' in plan.spec.tenant
    ? ` and coalesce(t.${quoteName(plan.spec.tenant.column)}::text, '') = v.tenant`
    : ''

/** How many rows are plain and not sealed. */
export const countTodo = async ({ client, plan }: SealWork): Promise<number> =>
  Number(
    (
      (await client.query(`select count(*)::text as n from ${namesOf(plan).table} where ${todoSql(plan)}`)).rows as readonly { n: string }[]
    )[0]?.n ?? 0,
  )

/**
 * Seals what is plain and not sealed, once over the table. A row is written only while it still holds what was read: a value
 * that a writer changed in between stays for the next time.
 */
export const fillOnce = async (work: SealWork, options: WalkOptions): Promise<void> => {
  const { deps, client, plan, table } = work
  const names = namesOf(plan)
  const { spec } = plan
  const storage = storageOf(plan.storage, spec.column)
  const indexes = indexesOf(deps.keys, spec)
  const plainType = spec.type === 'bytes' ? 'bytea' : 'text'
  const key = keyArrays(table, 4)
  const next = 4 + key.arrays.length
  const arrays = [...key.arrays, `$${next}::text[]`, `$${next + 1}::${plainType}[]`, `$${next + 2}::${storage.parameter}[]`]
  const columns = [...key.names, 'tenant', 'plain', 'fresh']
  if (indexes !== undefined) {
    arrays.push(`$${next + 3}::text[]`)
    columns.push('idx')
  }
  const sql = `with changed as (
      update ${names.table} as t set ${names.sealed} = v.fresh${names.index === undefined ? '' : `, ${names.index} = v.idx`}
      from unnest(${arrays.join(', ')}) as v(${columns.join(', ')})
      where ${key.join} and t.${names.sealed} is null and ${plainSql(plan, `t.${names.plain}`)} = v.plain${tenantMatch(plan)} returning 1
    ) update ${deps.tables.sealings} set sealed = sealed + (select count(*) from changed), updated_at = now() where ${WHERE}`
  await walkRows(
    {
      client,
      table,
      spec,
      select: `${plainSql(plan, `t.${names.plain}`)} as plain`,
      where: todoSql(plan, 't.'),
      batchSize: options.batchSize ?? 1000,
    },
    (rows) => {
      const plains = rows.map((row) => row['plain'] as string | Buffer)
      const fresh = rows.map((row, i) => sealAs(deps.keys, storage, plains[i] ?? '', contextOf(spec, row)))
      const index = indexes === undefined ? [] : [rows.map((row, i) => indexes(row.tenant).of(String(plains[i])))]
      const values = [...stateKey(plan), ...keyColumns(table, rows), rows.map((row) => row.tenant), plains, fresh, ...index]
      return async () => {
        await client.query(sql, values)
      }
    },
    createPace(options, deps.clock),
    options.signal,
  )
}

/** JSON of the database and of an application is spelled differently: what it says is compared. */
const samePlain = (plan: SealPlan, opened: Buffer, plain: string | Buffer): boolean => {
  if (typeof plain !== 'string') return opened.equals(plain)
  const text = opened.toString('utf8')
  if (text === plain) return true
  return plan.spec.type === 'json' && isDeepStrictEqual(JSON.parse(text), JSON.parse(plain))
}

/** What comparing found. */
export type CompareResult = {
  readonly rows: number
  readonly opened: number
  /** changed by a plain write since: still to be sealed, no problem */
  readonly left: number
  readonly problemCount: number
  readonly problems: readonly SealedProblem[]
}

/** Opens every sealed value and compares it with the plain one beside it, and with its blind index. */
export const compareAll = async (work: SealWork, plainColumn: string, options: WalkOptions): Promise<CompareResult> => {
  const { deps, client, plan, table } = work
  const names = namesOf(plan)
  const indexes = indexesOf(deps.keys, plan.spec)
  const problems: SealedProblem[] = []
  let [rows, opened, left, problemCount] = [0, 0, 0, 0]
  const problemOf = (row: WalkRow): string | undefined => {
    try {
      const value = deps.keys.cipher.openBytes(row['sealed'] as string | Buffer, contextOf(plan.spec, row))
      opened++
      if (row['plain'] !== null && !samePlain(plan, value, row['plain'] as string | Buffer)) return 'differs'
      return indexes?.(row.tenant).allOf(value.toString('utf8')).includes(String(row['idx'])) === false ? 'index' : undefined
    } catch (error) {
      if (isParapetError(error)) return error.code
      throw error
    }
  }
  await walkRows(
    {
      client,
      table,
      spec: plan.spec,
      select: `${plainSql(plan, `t.${plainColumn}`)} as plain, t.${names.sealed} as sealed, ${names.index === undefined ? 'null' : `t.${names.index}`} as idx`,
      batchSize: options.batchSize ?? 1000,
    },
    (batch) => {
      rows += batch.length
      for (const row of batch) {
        if (row['sealed'] === null) {
          if (row['plain'] !== null) left++
          continue
        }
        const why = problemOf(row)
        if (why === undefined) continue
        problemCount++
        if (problems.length < 100) problems.push({ key: row.key, why })
      }
      return () => Promise.resolve()
    },
    createPace(options, deps.clock),
    options.signal,
  )
  return { rows, opened, left, problemCount, problems }
}

/**
 * Writes back the plain value of rows that only have the sealed one. Returns how many do not open; those stay sealed.
 */
export const restoreOnce = async (work: SealWork, options: WalkOptions): Promise<number> => {
  const { deps, client, plan, table } = work
  const names = namesOf(plan)
  const storage = storageOf(plan.storage, plan.spec.column)
  const plainType = plan.spec.type === 'bytes' ? 'bytea' : 'text'
  const key = keyArrays(table, 1)
  const next = 1 + key.arrays.length
  const sql = `update ${names.table} as t set ${names.plain} = v.plain::${plan.plainType}
    from unnest(${[...key.arrays, `$${next}::${storage.parameter}[]`, `$${next + 1}::${plainType}[]`].join(', ')}) as v(${[...key.names, 'was', 'plain'].join(', ')})
    where ${key.join} and t.${names.plain} is null and t.${names.sealed} = v.was`
  let refused = 0
  await walkRows(
    {
      client,
      table,
      spec: plan.spec,
      select: `t.${names.sealed} as sealed`,
      where: `t.${names.plain} is null and t.${names.sealed} is not null`,
      batchSize: options.batchSize ?? 1000,
    },
    (rows) => {
      const good: WalkRow[] = []
      const plains: (string | Buffer)[] = []
      for (const row of rows) {
        try {
          const plain = deps.keys.cipher.openBytes(row['sealed'] as string | Buffer, contextOf(plan.spec, row))
          plains.push(plan.spec.type === 'bytes' ? plain : plain.toString('utf8'))
          good.push(row)
        } catch (error) {
          if (!isParapetError(error)) throw error
          refused++
        }
      }
      const values = [...keyColumns(table, good), good.map((row) => row['sealed']), plains]
      return async () => {
        await client.query(sql, values)
      }
    },
    createPace(options, deps.clock),
    options.signal,
  )
  return refused
}
