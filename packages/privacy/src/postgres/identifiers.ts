import { ParapetError } from '@parapet/core'

/** PostgreSQL cuts longer names without a word, and two names could become one. */
const MAX_BYTES = 63

/** Quotes a name for SQL: the only way a name gets into a statement here. Throws PPT_INVALID for what no name can be. */
export const quoteName = (name: string): string => {
  if (typeof name !== 'string' || name === '' || name.includes('\0') || Buffer.byteLength(name) > MAX_BYTES)
    throw new ParapetError('PPT_INVALID', 'a name in the database has 1 to 63 bytes')
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes `schema.table`. */
export const quoteTable = (schema: string, table: string): string => `${quoteName(schema)}.${quoteName(table)}`

/** Quotes a constant of ours for places that take no parameter, such as a function's body. */
export const quoteText = (text: string): string => {
  if (text.includes('\0') || text.includes('\\')) throw new ParapetError('PPT_INVALID', 'text in a statement holds no backslash')
  return `'${text.replaceAll("'", "''")}'`
}

/** A name with a suffix, shortened so that it stays a name. */
export const withSuffix = (name: string, suffix: string): string => {
  let head = name
  while (Buffer.byteLength(head + suffix) > MAX_BYTES) head = head.slice(0, -1)
  return head + suffix
}

/** Reads `table.column` or `schema.table.column`. Throws PPT_INVALID. */
export const parseColumnName = (text: string): { readonly schema: string; readonly table: string; readonly column: string } => {
  const parts = text.split('.')
  const [column, table, schema = 'public'] = parts.toReversed()
  if (parts.length < 2 || parts.length > 3 || !column || !table || !schema)
    throw new ParapetError('PPT_INVALID', 'a column is named TABLE.COLUMN or SCHEMA.TABLE.COLUMN')
  for (const part of [schema, table, column]) quoteName(part)
  return { schema, table, column }
}
