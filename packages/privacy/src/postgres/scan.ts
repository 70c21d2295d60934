import type { Clock } from '@parapet/core'
import { INDEX_PREFIX, indexKeyIdOf } from '../encryption/blind-index/blind-index.js'
import { hasSealedShape, keyIdIn, LAYOUT, TEXT_PREFIX } from '../encryption/field/sealed-format.js'
import { quoteName, quoteTable } from './identifiers.js'
import { createPace, type PaceOptions } from './pace.js'
import { listScanTables, listUnreadable, type ScanColumn, type ScanTable } from './scan-columns.js'
import { openSession, type SessionLimits } from './session.js'
import { type PgClient, type PgPool } from './types.js'

/** Which keys the values of one column need. */
export type KeyUse = {
  /** `schema.table.column` */
  readonly column: string
  /** sealed values by key id */
  readonly sealed: Readonly<Record<number, number>>
  /** blind indexes by key id */
  readonly indexes: Readonly<Record<number, number>>
  /** text that begins like a sealed value and is none: damaged, or only talks about one */
  readonly damaged: number
}

/** What a scan found. */
export type KeyUseScan = {
  /** ms UTC: writes after this may not be in it */
  readonly startedAt: number
  readonly finishedAt: number
  /** columns with anything sealed in them */
  readonly columns: readonly KeyUse[]
  /** sealed values and blind indexes by key id, over all columns */
  readonly uses: Readonly<Record<number, number>>
  /** what could not be read, with the reason: a zero above is a proof only while this is empty */
  readonly unread: readonly string[]
}

/** Bytes of a column, or of the matches in it, that are counted in one statement. */
const PAGES_AT_ONCE = 512
const HEADER = TEXT_PREFIX.length + 8
/** characters after the prefix that the smallest sealed value has */
const LEAST = Math.ceil((LAYOUT.overhead * 4) / 3)

type Found = { readonly place: number; readonly what: string; readonly n: string; readonly whole: boolean }

/** Finds sealed and index text anywhere in a text, and counts by header: what leaves the database is keys, never values. */
const inText = (expression: string, place: number): string =>
  `select ${place} as place, case when m[1] like '${INDEX_PREFIX}%' then m[1] else left(m[1], ${HEADER}) end as what,
     length(m[1]) >= ${TEXT_PREFIX.length + LEAST} or m[1] like '${INDEX_PREFIX}%' as whole, count(*)::text as n
   from rows, lateral (select ${expression} as text) x, lateral regexp_matches(x.text, '(pp[ti]1\\.[A-Za-z0-9_-]*)', 'g') as m
   where position('${TEXT_PREFIX}' in x.text) > 0 or position('${INDEX_PREFIX}' in x.text) > 0 group by 1, 2, 3`

/** Raw sealed values begin with version and algorithm and are at least as long as the overhead. */
const inBytes = (expression: string, place: number): string =>
  `select ${place} as place, encode(substring(x.raw from 1 for ${LAYOUT.salt}), 'hex') as what, true as whole, count(*)::text as n
   from rows, lateral (select ${expression} as raw) x
   where substring(x.raw from 1 for 2) = '\\x0101'::bytea and length(x.raw) >= ${LAYOUT.overhead} group by 1, 2, 3
   union all ${inText(`(select encode(r, 'escape') from (select ${expression} as r) y where position('${TEXT_PREFIX}'::bytea in r) > 0 or position('${INDEX_PREFIX}'::bytea in r) > 0)`, place)}`

/** JSON keeps its spelling in a `json` column: `\\u0070pt1.` is `ppt1.` too, so what has escapes is read as jsonb. */
const JSON_TEXT = (column: string): string =>
  `case when position('\\u' in ${column}::text) > 0 and position('\\u0000' in ${column}::text) = 0 then ${column}::jsonb::text else ${column}::text end`

const searchOf = (column: ScanColumn, place: number): string => {
  const name = quoteName(column.name)
  if (column.kind === 'bytes' && column.array) return inBytes('e', place).replaceAll('from rows,', `from rows, unnest(rows.${name}) as e,`)
  if (column.kind === 'bytes') return inBytes(`rows.${name}`, place)
  return inText(column.kind === 'json' && !column.array ? JSON_TEXT(`rows.${name}`) : `rows.${name}::text`, place)
}

const RAW = /^[0-9a-f]{12}$/

/** The key and the kind of a header, or `undefined` when it is none of ours. */
const readHeader = (found: Found): { readonly kind: 'sealed' | 'indexes'; readonly keyId: number } | undefined => {
  if (RAW.test(found.what)) return { kind: 'sealed', keyId: keyIdIn(Buffer.from(found.what, 'hex')) }
  if (found.what.startsWith(INDEX_PREFIX)) {
    const keyId = indexKeyIdOf(found.what)
    return keyId === undefined ? undefined : { kind: 'indexes', keyId }
  }
  const header = Buffer.from(found.what.slice(TEXT_PREFIX.length), 'base64url')
  const shape = Buffer.concat([header, Buffer.alloc(LAYOUT.overhead)])
  return found.whole && header.length === LAYOUT.salt && hasSealedShape(shape) ? { kind: 'sealed', keyId: keyIdIn(header) } : undefined
}

const scanTable = async (
  client: PgClient,
  table: ScanTable,
  pace: (rows: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<readonly KeyUse[]> => {
  const uses = table.columns.map((column) => ({
    column: `${table.schema}.${table.name}.${column.name}`,
    sealed: {} as Record<number, number>,
    indexes: {} as Record<number, number>,
    damaged: 0,
  }))
  const searches = table.columns.map(searchOf).join('\nunion all ')
  const sql = `with rows as materialized (
      select ${table.columns.map((column) => quoteName(column.name)).join(', ')} from only ${quoteTable(table.schema, table.name)}
      where ctid >= format('(%s,0)', $1::int)::tid and ctid < format('(%s,0)', $2::int)::tid
    ) ${searches} union all select -1, '', false, count(*)::text from rows`
  // one snapshot for the table: a row that moves to another page while we read is seen once, where it was
  await client.query('begin transaction isolation level repeatable read read only')
  try {
    for (let page = 0; page < Math.max(1, table.pages); page += PAGES_AT_ONCE) {
      signal?.throwIfAborted()
      // the last piece is open: the table may have grown since its size was read
      const end = page + PAGES_AT_ONCE >= table.pages ? 2 ** 31 - 1 : page + PAGES_AT_ONCE
      let rows = 0
      for (const found of (await client.query(sql, [page, end])).rows as readonly Found[]) {
        const use = uses[found.place]
        if (use === undefined) {
          rows = Number(found.n)
          continue
        }
        const header = readHeader(found)
        if (header === undefined) use.damaged += Number(found.n)
        else use[header.kind][header.keyId] = (use[header.kind][header.keyId] ?? 0) + Number(found.n)
      }
      await pace(rows)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
  return uses.filter((use) => use.damaged > 0 || Object.keys(use.sealed).length > 0 || Object.keys(use.indexes).length > 0)
}

/**
 * Looks through every text, JSON and bytea column of the database, arrays and composites included, and counts sealed values
 * and blind indexes by the key that made them. Read-only, a snapshot per table, counted in the database: nothing but key ids
 * leaves it. A table that cannot be read (no permission, row-level security) is listed in `unread`, never passed over.
 */
export const scanKeyUse = async (
  deps: { readonly pool: PgPool; readonly clock: Clock },
  options: PaceOptions & { readonly limits?: SessionLimits; readonly signal?: AbortSignal } = {},
): Promise<KeyUseScan> => {
  const startedAt = deps.clock()
  const client = await openSession(deps.pool, options.limits)
  try {
    const pace = createPace(options, deps.clock)
    const unread = [...(await listUnreadable(client))]
    const columns: KeyUse[] = []
    for (const table of await listScanTables(client)) {
      try {
        columns.push(...(await scanTable(client, table, pace, options.signal)))
      } catch (error) {
        const { code } = error as { readonly code?: unknown }
        // 42501: no permission, or rows hidden by row-level security; 42P01: dropped since the list was made
        if (code !== '42501' && code !== '42P01') throw error
        if (code === '42501') unread.push(`${table.schema}.${table.name}: no permission for all of its rows`)
      }
    }
    const uses: Record<number, number> = {}
    for (const use of columns)
      for (const [id, n] of [...Object.entries(use.sealed), ...Object.entries(use.indexes)]) uses[Number(id)] = (uses[Number(id)] ?? 0) + n
    return { startedAt, finishedAt: deps.clock(), columns, uses, unread }
  } finally {
    client.release(true)
  }
}
