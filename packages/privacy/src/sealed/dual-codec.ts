import type { Normalizer, OpenKeyset } from '../encryption/types.js'
import { createSealedCodec, type PlainValue, type RowKey, type SealedCodecOptions } from './codec.js'

/** A plain column and the sealed one that takes its place. */
export type DualCodecOptions = SealedCodecOptions & {
  /** the plain column; `column` is the sealed one */
  readonly plain: string
  readonly index?: { readonly column: string; readonly normalize: readonly Normalizer[]; readonly bits: number }
}

/** Reads and writes a column while it is being sealed, for the version of an application between plain and sealed. */
export type DualCodec = {
  /** the columns that one statement must set together, with their values; all of them, also when the value is NULL */
  readonly write: (value: PlainValue, row: RowKey, tenant?: string) => Readonly<Record<string, unknown>>
  /** the sealed value when the record has one, else the plain one, which an older version wrote a moment ago */
  readonly read: (record: Readonly<Record<string, unknown>>, row: RowKey, tenant?: string) => PlainValue
}

/**
 * The codec of an application version that runs beside an older one while a column is sealed. It writes the plain and the
 * sealed column in one statement, so that both versions see the value; a statement that names only one of them makes the
 * trigger empty the other. JSON is written to the plain column as it was given.
 */
export const createDualCodec = (keyset: Pick<OpenKeyset, 'cipher' | 'blindIndex'>, options: DualCodecOptions): DualCodec => {
  const { plain, column, table, index } = options
  const codec = createSealedCodec(keyset, options)
  const indexOf = (value: PlainValue, tenant: string): string | null =>
    typeof value === 'string' && index !== undefined
      ? keyset.blindIndex({ tenant, table, column, normalize: index.normalize, bits: index.bits }).of(value)
      : null
  return {
    write: (value, row, tenant = '') => ({
      [plain]: value,
      [column]: codec.seal(value, row, tenant),
      ...(index === undefined ? {} : { [index.column]: indexOf(value, tenant) }),
    }),
    read: (record, row, tenant) => {
      const stored = record[column]
      return stored === null || stored === undefined ? (record[plain] ?? null) : codec.open(stored, row, tenant)
    },
  }
}
