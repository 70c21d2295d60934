import type { Level } from '@parapet/core'

import { LEVEL_WORD, LEVELS_DOWN } from '../lib/levels.js'
import { Select } from './field.js'

const OPTIONS: readonly (readonly [key: Level | '', name: string])[] = [
  ['', 'Any level'],
  ...LEVELS_DOWN.slice(0, -1).map((level) => [level, level === 'critical' ? 'Critical only' : `${LEVEL_WORD[level]} or worse`] as const),
]

/** Narrows a list to a level and all that is worse. */
export const LevelSelect = ({
  value,
  onChange,
}: {
  readonly value: Level | undefined
  readonly onChange: (level: Level | undefined) => void
}) => (
  <Select label="Level at least" value={value ?? ''} onChange={(level) => onChange(level === '' ? undefined : level)} options={OPTIONS} />
)
