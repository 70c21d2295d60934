/** What a key press asks for. */
export type Command = 'go-now' | 'go-alerts' | 'go-decisions' | 'search' | 'help' | 'next' | 'previous' | 'undo' | 'open'

/** Where a key sequence stands: the first key of two and when it was pressed (ms). */
export type KeyState = { readonly first: string; readonly at: number } | undefined

/** A key press as the sequence needs it. `typing`: the focus is where keys are text. */
export type Press = {
  readonly key: string
  readonly at: number
  readonly typing: boolean
  readonly modified: boolean
}

/** How long the second key of a pair may take, ms. */
export const PAIR_MS = 1_200

const SINGLE: Readonly<Record<string, Command>> = { '/': 'search', '?': 'help', j: 'next', k: 'previous', u: 'undo', o: 'open' }
const AFTER_G: Readonly<Record<string, Command>> = { n: 'go-now', a: 'go-alerts', d: 'go-decisions' }

/** Reads one key press; pure. Keys typed into a field, or held with Ctrl, Alt or Meta, are never commands. */
export const pressKey = (state: KeyState, press: Press): { readonly state: KeyState; readonly command?: Command } => {
  if (press.typing || press.modified || press.key.length !== 1) return { state: undefined }
  if (state !== undefined && press.at - state.at <= PAIR_MS) {
    const command = Object.hasOwn(AFTER_G, press.key) ? AFTER_G[press.key] : undefined
    if (command !== undefined) return { state: undefined, command }
  }
  if (press.key === 'g') return { state: { first: 'g', at: press.at } }
  const command = Object.hasOwn(SINGLE, press.key) ? SINGLE[press.key] : undefined
  return command === undefined ? { state: undefined } : { state: undefined, command }
}

/** The row that `j` or `k` moves to; rows do not wrap. `-1`: nothing has the focus yet. */
export const stepRow = (current: number, rows: number, direction: 1 | -1): number => {
  if (rows === 0) return -1
  if (current < 0) return direction === 1 ? 0 : rows - 1
  return Math.min(rows - 1, Math.max(0, current + direction))
}

/** Every shortcut with what it does, for the help dialog. */
export const SHORTCUTS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['g', 'n'], does: 'Go to Now' },
  { keys: ['g', 'a'], does: 'Go to Alerts' },
  { keys: ['g', 'd'], does: 'Go to Decisions' },
  { keys: ['/'], does: 'Search alerts' },
  { keys: ['j'], does: 'Next row' },
  { keys: ['k'], does: 'Previous row' },
  { keys: ['o'], does: 'Open the row (or Enter)' },
  { keys: ['u'], does: 'Undo the decision of the row' },
  { keys: ['?'], does: 'This help' },
  { keys: ['Esc'], does: 'Close a dialog, leave a field' },
]
