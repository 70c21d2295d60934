import type { Bound } from '../sigma/rule.js'

/** How a correlation's condition is watched. */
export type Threshold = {
  /** the least count at which it holds, when more events can only keep it true; it is then told at once */
  readonly least: number | undefined
  holds: (count: number) => boolean
}

const holdsOne = ({ op, value }: Bound, count: number): boolean => {
  switch (op) {
    case 'gt':
      return count > value
    case 'gte':
      return count >= value
    case 'lt':
      return count < value
    case 'lte':
      return count <= value
    case 'eq':
      return count === value
    case 'neq':
      break
  }
  return count !== value
}

/** Reads the bounds of a condition; all must hold. */
export const createThreshold = (bounds: readonly Bound[]): Threshold => {
  const monotone = bounds.every(({ op }) => op === 'gt' || op === 'gte')
  return {
    least: monotone ? Math.max(1, ...bounds.map(({ op, value }) => (op === 'gt' ? value + 1 : value))) : undefined,
    holds: (count) => bounds.every((bound) => holdsOne(bound, count)),
  }
}
