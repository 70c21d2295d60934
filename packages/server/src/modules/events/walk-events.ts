import { ParapetError, SECOND } from '@parapet/core'
import { codeOf } from '../../db/errors.js'
import { transaction } from '../../db/pools.js'
import { conditionsOf, daysOf, type EventSearch } from './event-filter.js'
import type { EventReader } from './read-events.js'

/** A statement that takes longer is given up, ms: the step is tried again with fewer rows. */
const STATEMENT_MS = 5 * SECOND
const SPAN = { log: 20_000, index: 4_000 } as const
/** The least that a step is cut down to. */
const LEAST = 200

/** PostgreSQL gave up on a statement. Source: PostgreSQL appendix A, query_canceled. */
const CANCELED = '57014'

/** One step of a walk. */
export type Step<Row> = {
  readonly rows: readonly Row[]
  /** everything from here on was looked at */
  readonly low: number
  /** nothing older is left to look at */
  readonly end: boolean
}

/** How a walk reads. */
export type WalkOptions = {
  /** the columns of a row, or what is summed up by `groupBy`; `bind` takes a value and gives its place */
  readonly select: (bind: (value: unknown) => string) => string
  readonly groupBy?: string
  /** only events before this sequence */
  readonly before?: number | null
  /** the most rows that the next step may give; one that gives as many has looked no further than its last row */
  readonly most: () => number
  /** rows that a step looks at: in the order of the log, or among those that an index gives */
  readonly span?: { readonly log: number; readonly index: number } | undefined
}

type Looked = {
  readonly looked_rows: number
  readonly looked_low: number | null
  readonly hit: true | null
  readonly sequence?: number
}

type Bounds = { readonly low: number; readonly high: number }

const boundsOf = async ({ database }: EventReader, search: EventSearch, before: number | null | undefined): Promise<Bounds> => {
  const { first, last } = daysOf(search)
  const { rows } = await database.pool.query<{ low: number | null; high: number | null }>(
    'SELECT min(sequence) AS low, max(sequence) AS high FROM events WHERE day BETWEEN $1 AND $2',
    [first, last],
  )
  const { low = null, high = null } = rows[0] ?? {}
  if (low === null || high === null) return { low: 1, high: 0 }
  return { low, high: before === null || before === undefined ? high : Math.min(high, before - 1) }
}

/**
 * Walks from the newest event to the oldest that a search may find, in steps of bounded cost, so that whoever asks can stop between them and go on
 * later. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`, `PPT_DATABASE_UNAVAILABLE`.
 */
export const walkEvents = async function* <Row extends object>(
  reader: EventReader,
  search: EventSearch,
  options: WalkOptions,
): AsyncGenerator<Step<Row>, void, undefined> {
  const { database, vault } = reader
  const { low, high } = await boundsOf(reader, search, options.before)
  const { first, last } = daysOf(search)
  let top = high
  if (top < low) yield { rows: [], low, end: true }
  let span: number | undefined
  while (top >= low) {
    const values: unknown[] = []
    const bind = (value: unknown): string => `$${values.push(value)}`
    const { indexed, rest } = conditionsOf(search, vault, bind)
    const isIndexed = indexed.length > 0
    span ??= (options.span ?? SPAN)[isIndexed ? 'index' : 'log']
    const most = options.most()
    // sequences have no gaps to speak of: a range of them is a number of rows
    const bottom = isIndexed ? low : Math.max(low, top - span + 1)
    const within = `day BETWEEN ${bind(first)} AND ${bind(last)} AND sequence <= ${bind(top)} AND sequence >= ${bind(bottom)}`
    const part = isIndexed ? `${[...indexed, within].join(' AND ')} ORDER BY sequence DESC LIMIT ${bind(span)}` : within
    const sql = `WITH part AS ${isIndexed ? 'MATERIALIZED' : 'NOT MATERIALIZED'} (SELECT * FROM events WHERE ${part}),
      looked AS (SELECT ${isIndexed ? 'count(*)::int AS looked_rows, min(sequence) AS looked_low FROM part' : '0 AS looked_rows, NULL::bigint AS looked_low'})
      SELECT looked.*, found.* FROM looked LEFT JOIN (SELECT true AS hit, ${options.select(bind)} FROM part WHERE ${rest.join(' AND ')}
        ${options.groupBy === undefined ? `ORDER BY sequence DESC LIMIT ${bind(most)}` : `GROUP BY ${options.groupBy}`}) AS found ON true`
    let rows: readonly (Row & Looked)[]
    try {
      rows = await transaction(database.pool, async (client) => {
        await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`)
        return (await client.query<Row & Looked>(sql, values)).rows
      })
    } catch (error) {
      if (codeOf(error) !== CANCELED) throw error
      span = Math.floor(span / 4)
      if (span < LEAST) throw new ParapetError('PPT_DATABASE_UNAVAILABLE', 'the search took too long; narrow the time', { cause: error })
      continue
    }
    const hits = rows.filter(({ hit }) => hit === true)
    const { looked_rows: looked = 0, looked_low: lookedLow = null } = rows[0] ?? {}
    const isFull = options.groupBy === undefined && hits.length >= most
    // an index that gave fewer rows than were asked for has no more
    const reached = !isIndexed || lookedLow === null || looked < span ? bottom : lookedLow
    const lowest = isFull ? Math.min(...hits.map((row) => row.sequence ?? top)) : reached
    const end = lowest <= low
    yield { rows: options.groupBy === undefined ? hits.toSorted((a, b) => (b.sequence ?? 0) - (a.sequence ?? 0)) : hits, low: lowest, end }
    if (end) return
    top = lowest - 1
  }
}
