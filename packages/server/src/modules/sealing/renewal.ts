import { type Alert, isParapetError, ParapetError } from '@parapet/core'
import { type FieldCipher, indexKeyIdOf } from '@parapet/privacy/encryption'
import type { Cell, IndexedColumn, Vault } from '../../vault/index.js'

/** Brings cells and indexes under the key that seals now; what is under it already comes back as it is. */
export type Renewal = {
  /** Errors: those of sealed values. */
  readonly cell: (sealed: string, cell: Cell) => string
  /** `values`: what the index may stand for. Throws `PPT_SEALED_INVALID` when it stands for none of them. */
  readonly index: (column: IndexedColumn, held: string, values: readonly string[]) => string
  readonly open: Vault['open']
}

/** Creates the renewal over the vault and the cipher below it. */
export const createRenewal = (deps: {
  readonly vault: Pick<Vault, 'seal' | 'open' | 'term' | 'terms'>
  readonly cipher: Pick<FieldCipher, 'keyIdOf' | 'primaryKeyId'>
}): Renewal => {
  const { vault, cipher } = deps
  return {
    open: vault.open,
    cell: (sealed, cell) => (cipher.keyIdOf(sealed) === cipher.primaryKeyId ? sealed : vault.seal(vault.open(sealed, cell), cell)),
    index: (column, held, values) => {
      const keyId = indexKeyIdOf(held)
      if (keyId === undefined || keyId === cipher.primaryKeyId) return held
      // only an index that is known to stand for this very value is replaced: a row must be found by what it was found by
      const value = values.find((each) => vault.terms(column, each).includes(held))
      if (value === undefined) throw new ParapetError('PPT_SEALED_INVALID', `an index of ${column} stands for nothing in its row`)
      return vault.term(column, value)
    },
  }
}

/** Everything that the indexes of an alert may stand for. */
export const alertValues = (alert: Pick<Alert, 'scope' | 'group' | 'targets'>): string[] => [
  ...new Set([alert.scope.value, ...Object.values(alert.group), ...alert.targets].map(String)),
]

/** Errors of a row that no attempt opens; everything else is trouble of the moment, and the batch is tried again. */
const HOPELESS: ReadonlySet<string> = new Set([
  'PPT_SEALED_INVALID',
  'PPT_SEALED_CONTEXT',
  'PPT_KEY_UNKNOWN',
  'PPT_KEY_DISABLED',
  'PPT_KEY_DESTROYED',
])

/** Renews each row; rows that do not open are left out and counted. */
export const renewEach = <Row, Renewed>(
  rows: readonly Row[],
  renew: (row: Row) => Renewed,
): { readonly renewed: readonly Renewed[]; readonly refused: number } => {
  const renewed: Renewed[] = []
  for (const row of rows) {
    try {
      renewed.push(renew(row))
    } catch (error) {
      if (!isParapetError(error) || !HOPELESS.has(error.code)) throw error
    }
  }
  return { renewed, refused: rows.length - renewed.length }
}
