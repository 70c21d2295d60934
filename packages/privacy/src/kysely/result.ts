import { ParapetError } from '@parapet/core'
import { holdsSealed, rowPart, type SealedModel, tenantText } from '../sealed/model.js'
import { HIDDEN, notHere, type Outputs, type ResultCheck, type SealedOffer } from './scope.js'

/** What the rows of one query hold. */
export type ResultPlan = { readonly outputs: Outputs; readonly checks: readonly ResultCheck[]; readonly limited: boolean }

type Row = Readonly<Record<string, unknown>>

const fold = (name: string): string => name.replaceAll('_', '').toLowerCase()

/** The name that a column has in the rows: a plugin before may have changed snake_case to camelCase. */
const nameIn = (row: Row, name: string): string => {
  if (name in row) return name
  const folded = fold(name)
  const found = Object.keys(row).filter((key) => fold(key) === folded)
  if (found.length !== 1 || found[0] === undefined) throw notHere(name, 'the result does not hold it under its name')
  return found[0]
}

const openCell = (row: Row, name: string, offer: SealedOffer): { readonly value: unknown; readonly tenant: string } => {
  const { column, keys, tenant: tenantName } = offer
  const { table } = column
  const stored = row[name]
  const tenant = table.tenantOf?.() ?? (tenantName === undefined ? '' : tenantText(row[tenantName] ?? null, table))
  if (stored === null || stored === undefined) return { value: null, tenant }
  const key = keys.map((part, i) => rowPart(row[part], table, table.primaryKey[i] ?? part))
  return { value: column.codec.open(stored, key, tenant), tenant }
}

/**
 * Opens the sealed columns of rows, drops rows that only a collision of a short index brought, and takes the hidden columns
 * out. Sealed text anywhere else in a row throws PPT_SEALED_QUERY: it came by a way that was not seen.
 */
export const openRows = <R extends Row>(model: SealedModel, plan: ResultPlan | undefined, rows: readonly R[]): R[] => {
  const opened: R[] = []
  for (const row of rows) {
    const cells = new Map<string, unknown>()
    for (const [output, offer] of plan?.outputs ?? []) {
      const name = nameIn(row, output)
      cells.set(name, openCell(row, name, offer).value)
    }
    const collided = (plan?.checks ?? []).some(({ output, offer, values }) => {
      const { value, tenant } = openCell(row, output, offer)
      return typeof value !== 'string' || !values.some((wanted) => offer.column.index?.same(value, wanted, tenant) === true)
    })
    if (collided) {
      if (plan?.limited === true)
        throw new ParapetError(
          'PPT_SEALED_QUERY',
          'two values share a short blind index and the query has a limit: leave the limit out, or use more bits',
        )
      continue
    }
    const next: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(row)) {
      if (name.startsWith(HIDDEN)) continue
      if (cells.has(name)) next[name] = cells.get(name)
      else if (holdsSealed(model, value)) throw notHere(name, 'sealed text would come out as plain')
      else next[name] = value
    }
    opened.push(next as R)
  }
  return opened
}
