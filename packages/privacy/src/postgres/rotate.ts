import { type AuditSink, type Clock, isParapetError, ParapetError } from '@parapet/core'
import { type CatalogTable, resolveColumn } from './catalog.js'
import { quoteName, quoteTable } from './identifiers.js'
import { indexesOf } from './indexes.js'
import { createPace, type PaceOptions } from './pace.js'
import { contextOf, type Cursor, keyArrays, keyColumns, walkRows, type WalkRow } from './rows.js'
import { type SessionLimits, withLockedSession } from './session.js'
import { headerOf, sealAs, type Storage, storageOf } from './storage.js'
import { columnKey, columnLabel, createWorkTables, type OwnTables } from './tables.js'
import { type PgClient, type PgPool, type SealedColumnSpec, type SealingKeys } from './types.js'

/** What rotation works with. */
export type RotationDeps = {
  readonly pool: PgPool
  readonly keys: SealingKeys
  readonly clock: Clock
  readonly audit: AuditSink
  readonly tables: OwnTables
  readonly actor: { readonly kind: 'operator' | 'token' | 'system'; readonly id: string; readonly name?: string }
}

/** How fast and in what pieces rows are walked. */
export type WalkOptions = PaceOptions & {
  /** rows per statement, 1000 when left out */
  readonly batchSize?: number
  readonly limits?: SessionLimits
  readonly signal?: AbortSignal
}

/** Where the rotation of one column stands. */
export type RotationStatus = {
  readonly column: string
  /** the key that values are brought under */
  readonly keyId: number
  /** `done`: a whole pass found nothing left; `finished`: verified after that */
  readonly state: 'running' | 'done' | 'finished'
  readonly pass: number
  readonly walked: number
  readonly resealed: number
  /** changed by a writer in between; the next pass looks at them again */
  readonly missed: number
  /** values that do not open: left as they are, and counted in the present pass */
  readonly refused: number
}

type StateRow = {
  readonly key_id: string
  readonly state: RotationStatus['state']
  readonly cursor: Cursor | null
  readonly pass: number
  readonly walked: string
  readonly resealed: string
  readonly missed: string
  readonly refused: string
}

/** Passes after which a column with writers of an old key is left for another run. */
const MAX_PASSES = 20

const WHERE = 'schema_name = $1 and table_name = $2 and column_name = $3'

const toStatus = (spec: SealedColumnSpec, row: StateRow): RotationStatus => ({
  column: columnLabel(spec),
  keyId: Number(row.key_id),
  state: row.state,
  pass: row.pass,
  walked: Number(row.walked),
  resealed: Number(row.resealed),
  missed: Number(row.missed),
  refused: Number(row.refused),
})

const readState = async (database: Pick<PgPool, 'query'>, tables: OwnTables, spec: SealedColumnSpec): Promise<StateRow | undefined> =>
  (
    (
      await database.query(
        `select key_id::text, state, cursor, pass, walked::text, resealed::text, missed::text, refused::text from ${tables.rotations} where ${WHERE}`,
        columnKey(spec),
      )
    ).rows as readonly StateRow[]
  )[0]

/** The state of a column's rotation; `undefined` when it never began. */
export const rotationStatus = async (
  database: Pick<PgPool, 'query'>,
  tables: OwnTables,
  spec: SealedColumnSpec,
): Promise<RotationStatus | undefined> => {
  const row = await readState(database, tables, spec)
  return row === undefined ? undefined : toStatus(spec, row)
}

/** One batch's write: values that are still what was read get the fresh ones, and the place is marked, in one statement. */
const batchSql = (tables: OwnTables, table: CatalogTable, spec: SealedColumnSpec, storage: Storage): string => {
  const key = keyArrays(table, 7)
  const next = 7 + key.arrays.length
  const column = quoteName(spec.column)
  const indexed = spec.index === undefined ? '' : `, ${quoteName(spec.index.column)} = v.idx`
  const arrays = [...key.arrays, `$${next}::${storage.parameter}[]`, `$${next + 1}::${storage.parameter}[]`]
  const names = [...key.names, 'was', 'fresh']
  if (spec.index !== undefined) {
    arrays.push(`$${next + 2}::text[]`)
    names.push('idx')
  }
  return `with changed as (
      update ${quoteTable(table.schema, table.name)} as t set ${column} = ${storage.write('v.fresh')}${indexed}
      from unnest(${arrays.join(', ')}) as v(${names.join(', ')})
      where ${key.join} and ${storage.read(`t.${column}`)} = v.was returning 1
    ), counted as (select count(*) as n from changed)
    update ${tables.rotations} set cursor = $4::jsonb, walked = walked + $5, refused = refused + $6, resealed = resealed + counted.n,
      missed = missed + cardinality($${next}::${storage.parameter}[]) - counted.n, updated_at = now()
    from counted where ${WHERE}`
}

/** Walks the column once from `cursor` on; what is under another key is opened and sealed again. */
const walkOnce = async (
  deps: RotationDeps,
  options: WalkOptions,
  work: {
    readonly client: PgClient
    readonly table: CatalogTable
    readonly spec: SealedColumnSpec
    readonly storage: Storage
    readonly from?: Cursor
  },
): Promise<void> => {
  const { keys, tables, clock } = deps
  const { client, table, spec, storage } = work
  const column = `t.${quoteName(spec.column)}`
  const indexes = indexesOf(keys, spec)
  const sql = batchSql(tables, table, spec, storage)
  const reseal = (row: WalkRow): { readonly fresh: string | Buffer; readonly index: string | undefined } => {
    const context = contextOf(spec, row)
    const plain = keys.cipher.openBytes(row['value'] as string | Buffer, context)
    const index = indexes?.(row.tenant).of(plain.toString('utf8'))
    const fresh = sealAs(keys, storage, plain, context)
    plain.fill(0)
    return { fresh, index }
  }
  const onBatch = (rows: readonly WalkRow[], cursor: Cursor): (() => Promise<void>) => {
    const changed: WalkRow[] = []
    const fresh: (string | Buffer)[] = []
    const index: string[] = []
    let refused = 0
    for (const row of rows) {
      if (row['value'] === null) continue
      try {
        const sealed = reseal(row)
        changed.push(row)
        fresh.push(sealed.fresh)
        if (sealed.index !== undefined) index.push(sealed.index)
      } catch (error) {
        // a value that does not open stays what it is: it is counted, and the rotation does not finish
        if (!isParapetError(error)) throw error
        refused++
      }
    }
    const was = changed.map((row) => row['value'])
    const values = [
      ...columnKey(spec),
      JSON.stringify(cursor),
      rows.length,
      refused,
      ...keyColumns(table, changed),
      was,
      fresh,
      ...(spec.index === undefined ? [] : [index]),
    ]
    return async () => {
      await client.query(sql, values)
    }
  }
  await walkRows(
    {
      client,
      table,
      spec,
      select: `case when ${storage.header(column)} = $1 then null else ${storage.read(column)} end as value`,
      values: [headerOf(keys.cipher.primaryKeyId, storage.parameter)],
      batchSize: options.batchSize ?? 1000,
      from: work.from,
    },
    onBatch,
    createPace(options, clock),
    options.signal,
  )
}

/** An entry about a column, as every step of this folder writes it. */
export const recordFor = (
  deps: Pick<RotationDeps, 'audit' | 'clock' | 'actor'>,
  action: string,
  spec: SealedColumnSpec,
  detail: Readonly<Record<string, string | number>>,
  outcome: 'success' | 'failure' = 'success',
): Promise<void> =>
  deps.audit.record({
    at: deps.clock(),
    actor: deps.actor,
    action,
    resource: { type: 'sealed_column', id: columnLabel(spec) },
    outcome,
    detail,
  })

const begin = async (client: PgClient, deps: RotationDeps, spec: SealedColumnSpec): Promise<void> => {
  const keyId = deps.keys.cipher.primaryKeyId
  const { rowCount } = await client.query(
    `insert into ${deps.tables.rotations} as r (schema_name, table_name, column_name, key_id, state) values ($1, $2, $3, $4, 'running')
     on conflict (schema_name, table_name, column_name) do update set key_id = excluded.key_id, state = 'running', cursor = null, pass = 1,
       walked = 0, resealed = 0, missed = 0, refused = 0, started_at = now(), updated_at = now()
     where r.key_id <> excluded.key_id or r.state <> 'running'`,
    [...columnKey(spec), keyId],
  )
  if (rowCount === 1) await recordFor(deps, 'sealed_column.rotation_started', spec, { key_id: keyId })
}

/**
 * Brings every value of a column under the primary key. Each batch's write and its place are one statement, so a killed run
 * goes on where it was; a value that a writer changed in between is left to the next pass. Passes repeat until one finds
 * nothing. Throws PPT_SEAL_STATE when another run works on the column, PPT_SEALED_CONTEXT for a table without a usable key.
 */
export const rotateColumn = async (deps: RotationDeps, spec: SealedColumnSpec, options: WalkOptions = {}): Promise<RotationStatus> =>
  withLockedSession(
    deps.pool,
    columnLabel(spec),
    async (client) => {
      await createWorkTables(client, deps.tables)
      const { table, column } = await resolveColumn(client, spec)
      const storage = storageOf(column.type, columnLabel(spec))
      await begin(client, deps, spec)
      for (;;) {
        const before = await readState(client, deps.tables, spec)
        if (before === undefined) throw new ParapetError('PPT_SEAL_STATE', `the rotation of ${columnLabel(spec)} was removed while it ran`)
        // what did not open is counted anew in each pass
        if (before.cursor === null) await client.query(`update ${deps.tables.rotations} set refused = 0 where ${WHERE}`, columnKey(spec))
        await walkOnce(deps, options, { client, table, spec, storage, ...(before.cursor === null ? {} : { from: before.cursor }) })
        const after = (await readState(client, deps.tables, spec)) ?? before
        // a resumed pass did not see the rows before its cursor: only a pass from the start can be the last
        const clean = before.cursor === null && after.resealed === before.resealed && after.missed === before.missed
        if (clean || after.pass >= MAX_PASSES) {
          await client.query(`update ${deps.tables.rotations} set state = $4, cursor = null, updated_at = now() where ${WHERE}`, [
            ...columnKey(spec),
            clean && after.refused === '0' ? 'done' : 'running',
          ])
          const status = toStatus(spec, (await readState(client, deps.tables, spec)) ?? after)
          const detail = { key_id: status.keyId, resealed: status.resealed, refused: status.refused, pass: status.pass }
          await recordFor(deps, 'sealed_column.rotated', spec, detail, status.state === 'done' ? 'success' : 'failure')
          return status
        }
        await client.query(
          `update ${deps.tables.rotations} set pass = pass + 1, cursor = null, updated_at = now() where ${WHERE}`,
          columnKey(spec),
        )
      }
    },
    options.limits,
  )
