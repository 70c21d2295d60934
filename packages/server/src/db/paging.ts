import { type Page, ParapetError } from '@parapet/core'

/** Reads a cursor: a sequence as decimal digits. Errors: `PPT_INVALID`. */
export const readCursor = (cursor: string | null | undefined): number | null => {
  if (cursor === null || cursor === undefined || cursor === '') return null
  if (!/^\d{1,15}$/.test(cursor)) throw new ParapetError('PPT_INVALID', 'cursor: take it from `next` of the page before')
  return Number(cursor)
}

/** Makes a page of `limit` items out of at most one more; the cursor is the sequence of the last item shown. */
export const pageOf = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  sequenceOf: (row: Row) => number,
  toItem: (row: Row) => Item,
): Page<Item> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(toItem), next: rows.length > limit && last !== undefined ? String(sequenceOf(last)) : null }
}

/** A page size within bounds. Errors: `PPT_INVALID`. */
export const checkLimit = (limit: number, most = 1_000): number => {
  if (!Number.isInteger(limit) || limit < 1 || limit > most) throw new ParapetError('PPT_INVALID', `limit: 1 to ${most}`)
  return limit
}

/** Text for an indexed column: without the NUL that PostgreSQL refuses, and short enough for an index entry. */
export const columnText = (text: string, most = 256): string => {
  const clean = text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
  return clean.length > most ? clean.slice(0, most) : clean
}
