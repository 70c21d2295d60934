import type { SealedColumnSpec } from '@parapet/privacy/postgres'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { usageError } from '../../errors.js'

const NORMALIZERS = ['nfkc', 'casefold', 'trim', 'email', 'phone', 'digits'] as const
type Normalizer = (typeof NORMALIZERS)[number]

/** How a column's values are bound and found. */
export type ColumnChoices = {
  readonly tenantColumn?: string
  readonly index?: readonly Normalizer[]
  readonly indexBits?: number
  readonly indexColumn?: string
}

const readNormalizers = (text: string): readonly Normalizer[] => {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !NORMALIZERS.includes(name as Normalizer))
  if (unknown !== undefined) throw new InvalidArgumentError(`It takes some of ${NORMALIZERS.join(', ')}, with commas between.`)
  return names as readonly Normalizer[]
}

const readBits = (text: string): number => {
  const bits = /^\d{2,3}$/.test(text) ? Number(text) : 0
  if (bits < 16 || bits > 128) throw new InvalidArgumentError('It takes a number from 16 to 128.')
  return bits
}

/** The options that say how a column is sealed. The primary key is read from the catalog. */
export const withColumn = (command: Command): Command =>
  command
    .option('--tenant-column <name>', 'the column that says whose a row is')
    .addOption(new Option('--index <how>', `a blind index for equality: ${NORMALIZERS.join(', ')}`).argParser(readNormalizers))
    .addOption(new Option('--index-bits <n>', 'its length, 16 to 128 (64)').argParser(readBits))
    .option('--index-column <name>', 'its column (COLUMN_index)')

/** Tenant and index of a column as the sealing takes them. */
export const columnSpec = (choices: ColumnChoices, column: string): Pick<SealedColumnSpec, 'tenant' | 'index'> => {
  const { tenantColumn, index, indexBits = 64, indexColumn = `${column}_index` } = choices
  if (index === undefined && (choices.indexBits !== undefined || choices.indexColumn !== undefined))
    throw usageError('--index-bits and --index-column go with --index')
  return {
    ...(tenantColumn === undefined ? {} : { tenant: { column: tenantColumn } }),
    ...(index === undefined ? {} : { index: { column: indexColumn, normalize: index, bits: indexBits } }),
  }
}
