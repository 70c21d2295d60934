import { ParapetError } from '@parapet/core'
import { quoteName, quoteTable } from '../identifiers.js'
import { recordFor, type WalkOptions } from '../rotate.js'
import { inTransaction, retryLocked, SHORT_LOCK_WAIT } from '../session.js'
import { registerSealedColumn } from '../tables.js'
import { type PgClient } from '../types.js'
import { addColumns, cutOff, dropTriggers, keepInStep, loosenNull, namesOf, removeSealed, undoCut } from './ddl.js'
import type { SealState } from './states.js'
import { compareAll, type CompareResult, countTodo, fillOnce, reload, restoreOnce, type SealWork, stateKey, writeState } from './work.js'

/** Rows that are sealed or brought back at most while the table is locked. */
const ROWS_UNDER_LOCK = 500
const MAX_ROUNDS = 100

const runAll = async (client: PgClient, statements: readonly string[]): Promise<void> => {
  for (const statement of statements) await client.query(statement)
}

/** Statements and the new state in one transaction; tried again while a writer holds the table. */
const change = (work: SealWork, state: SealState, statements: readonly string[]): Promise<void> =>
  retryLocked(() =>
    inTransaction(work.client, async () => {
      await work.client.query(SHORT_LOCK_WAIT)
      await runAll(work.client, statements)
      await writeState(work, state)
    }),
  )

/** Adds the sealed column; the row of the state is made in the same transaction. */
export const add = (work: SealWork): Promise<void> =>
  retryLocked(() =>
    inTransaction(work.client, async () => {
      await work.client.query(SHORT_LOCK_WAIT)
      await work.client.query(
        `insert into ${work.deps.tables.sealings} (schema_name, table_name, column_name, state, spec, plan) values ($1, $2, $3, 'added', $4, $5)`,
        [...stateKey(work.plan), JSON.stringify(work.plan.spec), JSON.stringify(work.plan)],
      )
      await runAll(work.client, addColumns(work.plan))
    }),
  )

/** Makes the index of rows that are still plain: it is the list of what is to do. Not possible inside a transaction. */
const indexTodo = async ({ client, plan, table }: SealWork): Promise<void> => {
  const { todo, table: name, sealed, plain } = namesOf(plan)
  const schema = plan.spec.schema ?? 'public'
  const [found] = (
    await client.query('select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', [`${quoteName(schema)}.${todo}`])
  ).rows as readonly { valid: boolean }[]
  if (found?.valid === true) return
  // a run that was killed while it made the index left an invalid one
  if (found !== undefined) await client.query(`drop index concurrently ${quoteName(schema)}.${todo}`)
  const key = table.primaryKey.map((column) => quoteName(column.name)).join(', ')
  await client.query("select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)")
  await client.query(`create index concurrently ${todo} on ${name} (${key}) where ${sealed} is null and ${plain} is not null`)
  await client.query("select set_config('statement_timeout', '120s', false), set_config('lock_timeout', '3s', false)")
}

/** From here on plain writes are caught. */
export const goDual = async (work: SealWork, state: SealState): Promise<void> => {
  if (state === 'added') {
    await change(work, 'dual', [...keepInStep(work.plan, work.table), ...loosenNull(work.plan)])
    await recordFor(work.deps, 'sealed_column.dual', work.plan.spec, { plain: work.plan.plain })
  }
  await indexTodo(work)
}

/** Seals until nothing plain is left, or writers are faster than a hundred rounds. */
export const backfill = async (work: SealWork, options: WalkOptions): Promise<number> => {
  let left = Number.POSITIVE_INFINITY
  for (let round = 0; round < MAX_ROUNDS && left > 0; round++) {
    await fillOnce(work, options)
    left = await countTodo(work)
    // what a writer changed while we counted is sealed under the lock of the cut
    if (round > 3 && left < ROWS_UNDER_LOCK) break
  }
  return left
}

/** Locks the table against everything and gives `work` its chance; the lock is held for at most a few hundred rows. */
const underLock = (work: SealWork, run: () => Promise<boolean>): Promise<boolean> =>
  retryLocked(async () => {
    let done = false
    await inTransaction(work.client, async () => {
      await work.client.query(SHORT_LOCK_WAIT)
      await work.client.query(`lock table ${namesOf(work.plan).table} in access exclusive mode`)
      done = await run()
    })
    return done
  })

/** Cuts over: the last plain rows are sealed while nobody can write, then the plain column's name goes. */
export const cutOver = async (work: SealWork, options: WalkOptions): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await fillOnce(work, options)
    const done = await underLock(work, async () => {
      if ((await countTodo(work)) > ROWS_UNDER_LOCK) return false
      await fillOnce(work, {})
      if ((await countTodo(work)) > 0) return false
      await runAll(work.client, cutOff(work.plan, work.table))
      await writeState(work, 'cut')
      return true
    })
    if (done) return
  }
  throw new ParapetError('PPT_SEAL_STATE', `${work.plan.plain} is written faster than it is sealed: try again at a quieter time`)
}

/** After the cut, without the lock: the new check is proven for old rows too. */
export const validateRequired = async (work: SealWork): Promise<void> => {
  if (!work.plan.plainNotNull) return
  const { table, required } = namesOf(work.plan)
  await retryLocked(async () => {
    await work.client.query(`alter table ${table} validate constraint ${required}`)
  })
}

/** What stays outside the reach of one database session. */
const REMAINS = [
  'backups and dumps made before now hold the plain text until they are deleted',
  'archived and recycled WAL, replicas that lag and point-in-time copies hold it until they are past now',
  'freed blocks of the disk hold it until the file system uses them again',
  'query logs, pg_stat_statements and caches of the application may hold values that were sent as text',
]

/** Looks at everything once more, then drops the plain column. */
export const drop = async (work: SealWork, options: WalkOptions): Promise<CompareResult> => {
  const names = namesOf(work.plan)
  await validateRequired(work)
  const compared = await compareAll(work, names.retired, options)
  if (compared.problemCount > 0 || compared.left > 0)
    throw new ParapetError(
      'PPT_SEAL_STATE',
      `${compared.problemCount} values do not open or differ, ${compared.left} are not sealed: the plain column stays; undo, or look at verify`,
    )
  await registerSealedColumn(work.client, work.plan.spec, work.deps.tables.schema)
  await change(work, 'dropped', [...dropTriggers(work.plan), `alter table ${names.table} drop column ${names.retired}`])
  return compared
}

/**
 * Rewrites the table and the planner's statistics: a dropped column and dead rows keep their text in the files until then.
 * Locks the table for as long as copying it takes. Returns what still holds plain text.
 */
export const rewrite = async (work: SealWork): Promise<readonly string[]> => {
  const { client, plan } = work
  await client.query("select set_config('statement_timeout', '0', false)")
  await retryLocked(async () => {
    await client.query(`vacuum full ${quoteTable(plan.spec.schema ?? 'public', plan.spec.table)}`)
  })
  const remains = [...REMAINS]
  const [may] = (
    await client.query(
      `select (select rolsuper from pg_roles where rolname = current_user)
         or pg_has_role(current_user, (select datdba from pg_database where datname = current_database()), 'usage') as yes`,
    )
  ).rows as readonly { yes: boolean }[]
  // the commonest values of the column were copied there by ANALYZE
  if (may?.yes === true) await client.query('vacuum full pg_catalog.pg_statistic')
  else remains.unshift('pg_statistic holds common values in dead rows: the owner of the database runs VACUUM FULL pg_statistic')
  await writeState(work, 'finished')
  return remains
}

/** The way back: rows that only have a sealed value get their plain one again, then what was added goes. */
export const goBack = async (work: SealWork, state: SealState, options: WalkOptions): Promise<void> => {
  let current = work
  if (state === 'cut') {
    await change(current, 'undoing', undoCut(current.plan, current.table))
    current = await reload(current)
  } else if (state !== 'undoing') await change(current, 'undoing', [])
  const refuse = (refused: number): ParapetError =>
    new ParapetError('PPT_SEAL_STATE', `${refused} sealed values do not open and have no plain copy: nothing was removed`)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const refused = state === 'added' ? 0 : await restoreOnce(current, options)
    if (refused > 0) throw refuse(refused)
    const done = await underLock(current, async () => {
      const { table, plain, sealed } = namesOf(current.plan)
      const [left] = (
        await current.client.query(
          `select count(*)::int as n from (select 1 from ${table} where ${plain} is null and ${sealed} is not null limit ${ROWS_UNDER_LOCK + 1}) x`,
        )
      ).rows as readonly { n: number }[]
      if ((left?.n ?? 0) > ROWS_UNDER_LOCK) return false
      const late = await restoreOnce(current, {})
      if (late > 0) throw refuse(late)
      await runAll(current.client, removeSealed(current.plan))
      await current.client.query(
        `delete from ${current.deps.tables.sealings} where schema_name = $1 and table_name = $2 and column_name = $3`,
        stateKey(current.plan),
      )
      return true
    })
    if (done) return
  }
  throw new ParapetError('PPT_SEAL_STATE', `${work.plan.plain} is written faster than it is brought back: try again at a quieter time`)
}
