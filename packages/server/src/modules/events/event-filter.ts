import { canonicalAddress, formatRange, ParapetError, parseRange } from '@parapet/core'
import { columnText } from '../../db/paging.js'
import { createFieldKinds, type Vault } from '../../vault/index.js'
import { dayOf } from './event-row.js'

/** A field that must have a value, or must not. The value may end with `*` for any text that begins so. */
export type FieldFilter = { readonly field: string; readonly value: string; readonly not: boolean }

/** What to look for. Times are those of receipt, ms UTC; `until` is exclusive. `user` is an id, a name or a mail address. */
export type EventSearch = {
  readonly since: number
  readonly until: number
  readonly address?: string | undefined
  readonly user?: string | undefined
  /** id of a source */
  readonly source?: string | undefined
  /** text that stands anywhere in the event, names of fields included, whatever its case; not in what is sealed */
  readonly text?: string | undefined
  readonly filters: readonly FieldFilter[]
}

/** A search as conditions of SQL: those that an index answers, and those for which a row has to be read. */
export type Conditions = { readonly indexed: readonly string[]; readonly rest: readonly string[] }

const FIELD = /^[\w@][\w.@-]{0,127}$/
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/

const kindOf = createFieldKinds()

/** Columns that stand for what is sealed or is an address. */
const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['user.name', 'user_name'],
  ['user.id', 'user_id'],
  ['user.email', 'user_email'],
])

/** Reads `field:value` or `-field:value`. Errors: `PPT_INVALID`. */
export const readFilter = (text: string): FieldFilter => {
  const not = text.startsWith('-')
  const rest = not ? text.slice(1) : text
  const colon = rest.indexOf(':')
  const field = colon < 0 ? '' : rest.slice(0, colon)
  const value = rest.slice(colon + 1)
  if (!FIELD.test(field) || value === '')
    throw new ParapetError('PPT_INVALID', 'filter: field:value, with a minus before it for everything else')
  return { field, value, not }
}

/** True for a field whose values are sealed. */
export const isSealedField = (field: string): boolean => kindOf(field) === 'person' || field === 'user.id'

/**
 * What stands in a stored body for a field with a value. Bodies are flat JSON as `JSON.stringify` writes it, in which no string holds a quote that is not
 * escaped: so this text stands there only as that field.
 */
const writtenAs = ({ field, value }: FieldFilter): string[] => {
  const name = `${JSON.stringify(field)}:`
  if (value.endsWith('*')) return [name + JSON.stringify(value.slice(0, -1)).slice(0, -1)]
  const bare = NUMBER.test(value) || value === 'true' || value === 'false' ? [`${name}${value},`, `${name}${value}}`] : []
  return [name + JSON.stringify(value), ...bare]
}

type Bind = (value: unknown) => string

const addressCondition = (bind: Bind, text: string): string => {
  const range = parseRange(text)
  if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', 'address')
  const single = canonicalAddress(text)
  if (single !== undefined) return `address = ${bind(single)}::inet`
  const bound = `${bind(formatRange(range))}::inet`
  return `(address >= network(${bound}) AND address <= set_masklen(broadcast(${bound}), ${range.address.family === 4 ? 32 : 128}))`
}

const fieldCondition = (bind: Bind, vault: Pick<Vault, 'terms'>, filter: FieldFilter): { sql: string; indexed: boolean } => {
  const { field, value, not } = filter
  const column = COLUMNS.get(field)
  if (field === 'source.ip' && !value.endsWith('*')) {
    const sql = addressCondition(bind, value)
    return { sql: not ? `(address IS NULL OR NOT ${sql})` : sql, indexed: !not }
  }
  if (column !== undefined) {
    if (value.endsWith('*')) throw new ParapetError('PPT_INVALID', `filter: ${field} is sealed, so only whole values are found`)
    const terms = `${bind([columnText(value), ...vault.terms('events.user', value)])}::text[]`
    return { sql: not ? `(${column} IS NULL OR ${column} <> ALL (${terms}))` : `${column} = ANY (${terms})`, indexed: !not }
  }
  if (kindOf(field) === 'person')
    throw new ParapetError(
      'PPT_INVALID',
      `filter: ${field} is sealed and has no index; filter by user.name, user.id or user.email, or by another field`,
    )
  const found = writtenAs(filter).map((written) => `strpos(body::text, ${bind(written)}) > 0`)
  return { sql: not ? `NOT (${found.join(' OR ')})` : `(${found.join(' OR ')})`, indexed: false }
}

/** Builds the conditions of a search; `bind` takes a value and gives its place. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`. */
export const conditionsOf = (search: EventSearch, vault: Pick<Vault, 'terms'>, bind: Bind): Conditions => {
  const indexed: string[] = []
  const rest = [`received_at >= ${bind(search.since)}`, `received_at < ${bind(search.until)}`]
  if (search.address !== undefined) indexed.push(addressCondition(bind, search.address))
  if (search.user !== undefined) {
    // the value itself: an opaque id, and what is not sealed yet
    const user = `ANY (${bind([columnText(search.user), ...vault.terms('events.user', search.user)])}::text[])`
    indexed.push(`(user_id = ${user} OR user_name = ${user} OR user_email = ${user})`)
  }
  for (const filter of search.filters) {
    const { sql, indexed: byIndex } = fieldCondition(bind, vault, filter)
    ;(byIndex ? indexed : rest).push(sql)
  }
  if (search.source !== undefined) rest.push(`source_id = ${bind(columnText(search.source))}`)
  if (search.text !== undefined) rest.push(`strpos(lower(body::text), lower(${bind(JSON.stringify(search.text).slice(1, -1))})) > 0`)
  return { indexed, rest }
}

/** The days of receipt that a search looks at: other partitions are not even opened. */
export const daysOf = ({ since, until }: Pick<EventSearch, 'since' | 'until'>): { readonly first: number; readonly last: number } => ({
  first: dayOf(since),
  last: dayOf(until),
})
