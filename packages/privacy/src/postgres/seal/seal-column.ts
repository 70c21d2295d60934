import { ParapetError } from '@parapet/core'
import { readTable } from '../catalog.js'
import { recordFor, type RotationDeps, type WalkOptions } from '../rotate.js'
import type { SealingDeps } from '../rotation.js'
import { withLockedSession } from '../session.js'
import { columnKey, columnLabel, createWorkTables, ownTables } from '../tables.js'
import { type PgClient, type PgPool } from '../types.js'
import { namesOf } from './ddl.js'
import { planSealing, type SealPlan, type SealRequest } from './plan.js'
import { requireState, SEAL_STATES, type SealAction, type SealState } from './states.js'
import { add, backfill, cutOver, drop, goBack, goDual, rewrite, validateRequired } from './steps.js'
import { compareAll, type CompareResult, countTodo, type SealWork, writeState } from './work.js'

/** Where the sealing of a column stands. */
export type SealStatus = {
  readonly column: string
  readonly state: SealState
  readonly means: string
  readonly next: SealAction | 'none'
  readonly undo: boolean
  /** where the sealed values are */
  readonly sealedColumn: string
  /** rows sealed so far, those that were sealed anew included */
  readonly sealed: number
  /** plain rows that are not sealed now; 0 after the cut */
  readonly left: number
}

/** Seals a plain column while the application uses it. Every method may be killed and called again. */
export type ColumnSealing = {
  /** adds the sealed column and the trigger that keeps both in step; says what will end with the plain column */
  readonly start: (options?: WalkOptions) => Promise<{ readonly status: SealStatus; readonly warnings: readonly string[] }>
  readonly backfill: (options?: WalkOptions) => Promise<SealStatus>
  /** opens and compares every row; the state is `verified` only when nothing was wrong */
  readonly verify: (options?: WalkOptions) => Promise<CompareResult>
  /** renames the plain column away, after the last rows were sealed under a short lock */
  readonly cutOver: (options?: WalkOptions) => Promise<SealStatus>
  /**
   * Compares once more, drops the plain column and rewrites the table, so that its text leaves the files; `rewrite: false`
   * leaves the rewriting, which locks the table, to a later call. `remains` says where plain text can still be.
   */
  readonly finish: (
    options?: WalkOptions & { readonly rewrite?: boolean },
  ) => Promise<{ readonly status: SealStatus; readonly remains: readonly string[] }>
  /** back to the plain column, with what was written since; possible until `finish` */
  readonly undo: (options?: WalkOptions) => Promise<void>
  /** `undefined` when it has not begun */
  readonly status: () => Promise<SealStatus | undefined>
}

type StateRow = { readonly state: SealState; readonly plan: SealPlan; readonly sealed: string }

/**
 * The sealing of `request.column`. Throws PPT_SEAL_STATE for a step out of order, a second run at the same time, or a column
 * that cannot be sealed; PPT_SEALED_CONTEXT for a table without a usable primary key.
 */
export const sealColumn = (request: SealRequest & { readonly stateSchema?: string }, deps: SealingDeps): ColumnSealing => {
  const tables = ownTables(request.stateSchema)
  const all: RotationDeps = { ...deps, tables }
  const label = columnLabel(request)

  const read = async (database: Pick<PgPool, 'query'>): Promise<StateRow | undefined> =>
    (
      (
        await database.query(
          `select state, plan, sealed::text from ${tables.sealings} where schema_name = $1 and table_name = $2 and column_name = $3`,
          columnKey(request),
        )
      ).rows as readonly StateRow[]
    )[0]

  const describe = async (work: SealWork): Promise<SealStatus> => {
    const row = await read(work.client)
    if (row === undefined) throw new ParapetError('PPT_SEAL_STATE', `the sealing of ${label} has not begun`)
    const plainThere = (await readTable(work.client, request.schema, request.table)).columns.has(work.plan.plain)
    const { means, next, undo } = SEAL_STATES[row.state]
    const left = plainThere ? await countTodo(work) : 0
    return { column: label, state: row.state, means, next, undo, sealedColumn: row.plan.spec.column, sealed: Number(row.sealed), left }
  }

  const step = <T>(action: SealAction, options: WalkOptions, run: (work: SealWork, state: SealState) => Promise<T>): Promise<T> =>
    withLockedSession(
      deps.pool,
      label,
      async (client) => {
        await createWorkTables(client, tables)
        const row = await read(client)
        const state = requireState(action, row?.state, label)
        if (row === undefined) throw new ParapetError('PPT_SEAL_STATE', `the sealing of ${label} has not begun`)
        const table = await readTable(client, request.schema, request.table)
        return run({ deps: all, client, plan: row.plan, table }, state)
      },
      options.limits,
    )

  const begin = async (
    client: PgClient,
  ): Promise<{ readonly work: SealWork; readonly state: SealState; readonly warnings: readonly string[] }> => {
    await createWorkTables(client, tables)
    const table = await readTable(client, request.schema, request.table)
    const row = await read(client)
    if (row !== undefined) {
      const state = requireState('start', row.state, label)
      return { work: { deps: all, client, plan: row.plan, table }, state, warnings: [] }
    }
    const { plan, warnings } = await planSealing(client, request, table)
    const work: SealWork = { deps: all, client, plan, table }
    await add(work)
    await recordFor(all, 'sealed_column.added', plan.spec, { plain: plan.plain })
    return { work, state: 'added', warnings }
  }

  return {
    start: (options = {}) =>
      withLockedSession(
        deps.pool,
        label,
        async (client) => {
          const { work, state, warnings } = await begin(client)
          await goDual(work, state)
          return { status: await describe(work), warnings }
        },
        options.limits,
      ),
    backfill: (options = {}) =>
      step('backfill', options, async (work) => {
        const left = await backfill(work, options)
        await writeState(work, 'backfilled')
        await recordFor(all, 'sealed_column.backfilled', work.plan.spec, { left })
        return describe(work)
      }),
    verify: (options = {}) =>
      step('verify', options, async (work) => {
        const result = await compareAll(work, namesOf(work.plan).plain, options)
        await writeState(work, result.problemCount === 0 ? 'verified' : 'backfilled')
        const { rows, opened, left, problemCount: problems } = result
        await recordFor(
          all,
          'sealed_column.verified',
          work.plan.spec,
          { rows, opened, left, problems },
          problems === 0 ? 'success' : 'failure',
        )
        return result
      }),
    cutOver: (options = {}) =>
      step('cutOver', options, async (work) => {
        await cutOver(work, options)
        await validateRequired(work)
        await recordFor(all, 'sealed_column.cut_over', work.plan.spec, { plain: work.plan.plain, retired: work.plan.retired })
        return describe(work)
      }),
    finish: (options = {}) =>
      step('finish', options, async (work, state) => {
        if (state === 'cut') {
          const { opened } = await drop(work, options)
          await recordFor(all, 'sealed_column.plain_dropped', work.plan.spec, { opened })
        }
        if (options.rewrite === false) {
          return { status: await describe(work), remains: ['the files of the table hold the plain text until finish has rewritten it'] }
        }
        const remains = await rewrite(work)
        await recordFor(all, 'sealed_column.finished', work.plan.spec, {})
        return { status: await describe(work), remains }
      }),
    undo: (options = {}) =>
      step('undo', options, async (work, state) => {
        await goBack(work, state, options)
        await recordFor(all, 'sealed_column.undone', work.plan.spec, { from: state })
      }),
    status: async () => {
      await createWorkTables(deps.pool, tables)
      const client = await deps.pool.connect()
      try {
        const row = await read(client)
        if (row === undefined) return undefined
        const table = await readTable(client, request.schema, request.table)
        return await describe({ deps: all, client, plan: row.plan, table })
      } finally {
        client.release()
      }
    },
  }
}
