import type { OperatorView } from '@parapet/core'
import { usageError } from '../../errors.js'

const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/** The operator of a name or an id. Throws `PPT_USAGE` that lists who there is; names that were typed are not repeated. */
export const findOperator = (operators: readonly OperatorView[], wanted: string): OperatorView => {
  const found = operators.find(({ id, name }) => id === wanted || folded(name) === folded(wanted))
  if (found !== undefined) return found
  const names = operators.slice(0, 10).map(({ name }) => JSON.stringify(name))
  throw usageError(
    names.length === 0
      ? 'there is no operator yet: parapet init makes the first one'
      : `nobody goes by that name; there are ${names.join(', ')}`,
  )
}
