import type { Level } from '@parapet/core'

/** The levels as the console lists them, worst first. */
export const LEVELS_DOWN: readonly Level[] = ['critical', 'high', 'medium', 'low', 'informational']

/** The word shown beside the shape of a level. */
export const LEVEL_WORD: Readonly<Record<Level, string>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  informational: 'Info',
}

/** True for a word that is a level. */
export const isLevel = (text: string | null): text is Level => text !== null && (LEVELS_DOWN as readonly string[]).includes(text)
