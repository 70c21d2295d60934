import { ParapetError } from '@parapet/core'
import type { SealingDeps, WalkOptions } from '@parapet/privacy/postgres'
import type { CommandContext } from '../../command.js'
import { createWorkProgress } from '../../output/work-progress.js'
import type { PaceChoices } from './options.js'
import type { Place } from './place.js'

/** The command line's pace as the walks take it. */
export const paceOf = ({ rowsPerSecond, batch }: PaceChoices): Pick<WalkOptions, 'rowsPerSecond' | 'batchSize'> => ({
  ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
  ...(batch === undefined ? {} : { batchSize: batch }),
})

/** Work that Ctrl-C ends after the batch at hand, with an error that says it goes on from there; a second one ends the process. */
export const abortable = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted || !(error instanceof Error) || error.name !== 'AbortError') throw error
    throw new ParapetError('PPT_SEAL_STATE', 'stopped; what was done stays done, and the same command goes on from there')
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** How many rows a table has, as far as its statistics know. */
const estimateRows = async (pool: ReturnType<Place['needPool']>, schema: string, table: string): Promise<number | undefined> => {
  const { rows } = await pool.query<{ rows: number }>(
    `select c.reltuples::float8 as rows from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [schema, table],
  )
  const [found] = rows
  return found === undefined || found.rows < 1 ? undefined : found.rows
}

/** Runs a walk over a table's rows with progress and a way to stop it. */
export const walk = async <T>(
  context: Pick<CommandContext, 'terminal'>,
  place: Place,
  what: { readonly schema?: string; readonly table: string; readonly title: string; readonly pace: PaceChoices },
  run: (options: WalkOptions) => Promise<T>,
): Promise<T> => {
  const total = context.terminal.interactive.err ? await estimateRows(place.needPool(), what.schema ?? 'public', what.table) : undefined
  const bar = createWorkProgress(context.terminal, what.title, total)
  try {
    return await abortable((signal) => run({ ...paceOf(what.pace), signal, onRows: bar.rows }))
  } finally {
    bar.stop()
  }
}

/** What rotations and sealings work with here. The keyset is opened; the caller closes it. */
export const sealingDeps = async (place: Place): Promise<{ readonly deps: SealingDeps; readonly close: () => void }> => {
  const pool = place.needPool()
  const keys = await place.open()
  return { deps: { pool, keys, clock: place.clock, audit: place.audit, actor: place.actor }, close: keys.close }
}
