import { type Clock, ParapetError, type Store, systemClock } from '@parapet/core'
import type { LimitAnswer, LimitCapable, LimitStore, StoreTake } from '../../limiter/types.js'
import { integerOption, knownOptions, optionError } from '../../options/check.js'
import { checkKey, checkWrite } from '../../store/bounds.js'
import { createGuarded, type OutageOptions } from '../../store/guarded.js'
import { decodeText, encodeText } from '../encode-text.js'
import { postgresStoreSchema } from './schema.js'

/** What is used of a pool; `Pool` of pg 8 has it. */
export type PostgresPool = {
  readonly query: (text: string, values?: unknown[]) => Promise<{ readonly rows: readonly object[]; readonly rowCount: number | null }>
}

/** What {@link postgresStore} takes beside the pool. */
export type PostgresStoreOptions = OutageOptions & {
  /** begins the names of tables and functions; default `parapet_guard` */
  readonly prefix?: string
  /** how often a call starts to delete what has expired, in the background; default 60,000 ms */
  readonly sweepMs?: number
  readonly clock?: Clock
}

/** A store in PostgreSQL that several processes share: sessions, counters and limits. */
export type PostgresStore = Store &
  LimitCapable & {
    /** makes tables and functions where they are missing; needs the right to create. Or run `postgresStoreSchema()` in a migration */
    readonly ensureTables: () => Promise<void>
    /** deletes what has expired, and says how many rows went */
    readonly sweep: () => Promise<number>
  }

/** Rows that one statement of a sweep deletes: it must not hold locks for long. */
const SWEPT_AT_ONCE = 5_000
/** A version as PostgreSQL makes them. */
const VERSION = /^\d{1,18}$/

/** Errors of a statement's data, such as a text that the database's encoding lacks: the server is well. */
const isDataError = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('22')

const row = (value: object | undefined): Readonly<Record<string, unknown>> => (value ?? {}) as Record<string, unknown>
const oddShape = (): Error => new ParapetError('PPT_STORE_UNAVAILABLE', 'postgresStore gave an answer of another shape')

/** So many numbers, which come as texts where they are wide; anything else is trouble, and never a permission. */
const numbersOf = (reply: unknown, count: number): readonly number[] => {
  if (!Array.isArray(reply) || reply.length !== count) throw oddShape()
  return reply.map((given: unknown) => {
    const number = typeof given === 'string' && given !== '' ? Number(given) : given
    if (typeof number !== 'number' || !Number.isFinite(number)) throw oddShape()
    return number
  })
}
const textOf = (value: unknown): string => {
  if (typeof value !== 'string') throw oddShape()
  return value
}

const columns = (takes: readonly StoreTake[]): unknown[] => [
  takes.map(({ key, rule }) => `${rule.kind}:${key}`),
  takes.map(({ rule }) => rule.kind),
  takes.map(({ rule }) => rule.windowMs),
  takes.map(({ rule }) => rule.limit),
  takes.map(({ rule }) => (rule.kind === 'gcra' ? rule.rate : 1)),
  takes.map(({ cost }) => cost),
]

/**
 * Builds a store on a pool of PostgreSQL 15 or later. Every method is one statement; time is the database's own. Methods reject with
 * `PPT_STORE_UNAVAILABLE` in bounded time. Throws `PPT_CONFIG_INVALID`.
 */
export const postgresStore = (pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore => {
  if (typeof pool !== 'object' || pool === null || typeof pool.query !== 'function')
    throw optionError('postgresStore pool', typeof pool, 'give a pool of pg: new Pool({ connectionString })')
  knownOptions('postgresStore', options, ['prefix', 'sweepMs', 'timeoutMs', 'failures', 'retryMs', 'clock'])
  const { prefix = 'parapet_guard', clock = systemClock } = options
  // stands in statements, where no parameter can
  if (typeof prefix !== 'string' || !/^[a-z][a-z\d_]{0,30}$/.test(prefix))
    throw optionError('postgresStore.prefix', prefix, 'give up to 31 small letters, digits and _, such as shop_guard')
  const sweepMs = integerOption('postgresStore.sweepMs', options.sweepMs, 60_000, 1_000, 86_400_000)
  const guarded = createGuarded('postgresStore', options, clock, isDataError)
  const [values, counts, version] = [`${prefix}_values`, `${prefix}_limits`, `nextval('${prefix}_version')`]
  let sweptAt = clock()

  const sweep = async (): Promise<number> => {
    const held = await pool.query(
      `delete from ${values} where ctid = any (array (select ctid from ${values} where expires_at <= clock_timestamp() limit $1 for update skip locked))`,
      [SWEPT_AT_ONCE],
    )
    const counted = await pool.query(
      `delete from ${counts} where ctid = any (array (select ctid from ${counts} where expires_at <= ${prefix}_now() limit $1 for update skip locked))`,
      [SWEPT_AT_ONCE],
    )
    return (held.rowCount ?? 0) + (counted.rowCount ?? 0)
  }
  const query = (text: string, parameters: unknown[]): ReturnType<PostgresPool['query']> => {
    const now = clock()
    if (now < sweptAt || now - sweptAt >= sweepMs) {
      sweptAt = now
      // what it leaves, the next one takes; what has expired is never read meanwhile
      sweep().catch(() => undefined)
    }
    return pool.query(text, parameters)
  }

  const limits: LimitStore = {
    shared: true,
    take: async (takes, lease) => {
      const { rows } = await query(`select ${prefix}_take($1, $2, $3, $4, $5, $6, $7) as reply`, [...columns(takes), lease])
      const [at = 0, ...numbers] = numbersOf(row(rows[0])['reply'], 1 + 4 * takes.length)
      const answers = takes.map((_, i): LimitAnswer => {
        const [limited, remaining = 0, resetMs = 0, retryAfterMs = 0] = numbers.slice(4 * i)
        return { limited: limited === 1, remaining, resetMs, retryAfterMs }
      })
      return { at, answers }
    },
    give: async (takes, lease) => {
      await query(`select ${prefix}_give($1, $2, $3, $4, $5, $6, $7)`, [...columns(takes), lease])
    },
    forget: async (takes) => {
      await query(`delete from ${counts} where key = any ($1::text[])`, [takes.map(({ key, rule }) => `${rule.kind}:${key}`)])
    },
  }

  /** One insert: over any value, or only over one whose time has passed. */
  const put = (key: string, value: string, ttlMs: number, group: string | null, onlyAbsent: boolean): ReturnType<PostgresPool['query']> =>
    query(
      `insert into ${values} as held (key, value, version, in_group, expires_at)
       values ($1, $2, ${version}, $3, clock_timestamp() + $4 * interval '1 ms')
       on conflict (key) do update set value = excluded.value, version = excluded.version, in_group = excluded.in_group, expires_at = excluded.expires_at
       ${onlyAbsent ? 'where held.expires_at <= clock_timestamp()' : ''}`,
      [key, value, group, ttlMs],
    )

  return {
    read: async (key) => {
      checkKey('key', key)
      const { rows } = await guarded(() =>
        query(`select value, version::text from ${values} where key = $1 and expires_at > clock_timestamp()`, [encodeText(key)]),
      )
      if (rows[0] === undefined) return undefined
      return { value: decodeText(textOf(row(rows[0])['value'])), version: textOf(row(rows[0])['version']) }
    },
    write: async (key, value, settings) => {
      checkWrite(key, value, settings)
      const { ttlMs, ifVersion } = settings
      const group = settings.group === undefined ? null : encodeText(settings.group)
      if (typeof ifVersion !== 'string')
        return ((await guarded(() => put(encodeText(key), encodeText(value), ttlMs, group, ifVersion === null))).rowCount ?? 0) > 0
      if (!VERSION.test(ifVersion)) return false
      const { rowCount } = await guarded(() =>
        query(
          `update ${values} set value = $2, version = ${version}, in_group = $3, expires_at = clock_timestamp() + $4 * interval '1 ms'
           where key = $1 and version = $5::bigint and expires_at > clock_timestamp()`,
          [encodeText(key), encodeText(value), group, ttlMs, ifVersion],
        ),
      )
      return (rowCount ?? 0) > 0
    },
    remove: async (key) => {
      checkKey('key', key)
      await guarded(() => query(`delete from ${values} where key = $1`, [encodeText(key)]))
    },
    list: async (group) => {
      checkKey('group', group)
      const { rows } = await guarded(() =>
        query(`select key, value from ${values} where in_group = $1 and expires_at > clock_timestamp()`, [encodeText(group)]),
      )
      return rows.map((found) => ({ key: decodeText(textOf(row(found)['key'])), value: decodeText(textOf(row(found)['value'])) }))
    },
    removeGroup: async (group) => {
      checkKey('group', group)
      const { rows } = await guarded(() =>
        query(
          `with gone as (delete from ${values} where in_group = $1 returning expires_at)
           select count(*) filter (where expires_at > clock_timestamp())::int as live from gone`,
          [encodeText(group)],
        ),
      )
      return Number(row(rows[0])['live'] ?? 0)
    },
    limits,
    ensureTables: async () => {
      // one text is one transaction; under a lock, since "if not exists" of two processes at once still fails in one of them
      await pool.query(`select pg_advisory_xact_lock(727274); ${postgresStoreSchema(prefix)}`)
    },
    sweep,
  }
}
