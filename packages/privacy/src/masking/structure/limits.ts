import type { KeyGroup } from './key-groups.js'

/** Bounds of one walk. What lies beyond is left out with a marker, never shown. */
export type WalkLimits = {
  /** levels of objects in objects; default 24 */
  readonly depth: number
  /** values in all; default 20,000 */
  readonly nodes: number
  /** UTF-16 code units of one text; default 16 Mi */
  readonly text: number
}

export const DEFAULT_LIMITS: WalkLimits = { depth: 24, nodes: 20_000, text: 16_777_216 }

/** No rule finds anything in fewer characters. */
export const LEAST_TEXT = 4

/** What stands in the place of a value that is not shown although no rule names it. None of them holds anything of the value. */
export const MARKERS = {
  circular: '[Circular]',
  deep: '[Too deep]',
  truncated: '[Truncated]',
  unreadable: '[Unreadable]',
  function: '[Function]',
} as const

/** What of a key group an action needs to know. */
export type Hidden = Pick<KeyGroup, 'id' | 'kind' | 'action' | 'keepLast'>

/** What stands in the place of a value that its key or path names: the value itself where it may be shown, `null` where it is dropped. */
export type ReplaceValue = (what: Hidden, value: string) => string | null

/** What a value is hidden as that only a path names. */
export const BY_PATH: Hidden = { id: 'path', kind: 'secret', action: 'redact', keepLast: 4 }
