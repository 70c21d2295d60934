/** What a key press asks for. */
export type Command = GoCommand | PageCommand | 'search' | 'help' | 'lockdown' | 'next' | 'previous' | 'undo' | 'open'

/** A page to go to. */
export type GoCommand =
  `go-${'now' | 'triage' | 'incidents' | 'activity' | 'subjects' | 'decisions' | 'policies' | 'enforcers' | 'rules' | 'sources' | 'notifications' | 'operators' | 'account'}`

/** What only some pages answer to: the acts on the row that has the focus, or on those that are selected. */
export type PageCommand = 'select' | 'acknowledge' | 'snooze' | 'false-positive' | 'close' | 'assign' | 'note'

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

const SINGLE: Readonly<Record<string, Command>> = {
  '/': 'search',
  '?': 'help',
  L: 'lockdown',
  j: 'next',
  k: 'previous',
  u: 'undo',
  o: 'open',
  x: 'select',
  a: 'acknowledge',
  s: 'snooze',
  f: 'false-positive',
  c: 'close',
  m: 'assign',
  n: 'note',
}
const AFTER_G: Readonly<Record<string, Command>> = {
  n: 'go-now',
  t: 'go-triage',
  a: 'go-activity',
  d: 'go-decisions',
  e: 'go-enforcers',
  i: 'go-incidents',
  m: 'go-notifications',
  p: 'go-policies',
  u: 'go-subjects',
  r: 'go-rules',
  s: 'go-sources',
  o: 'go-operators',
  y: 'go-account',
}

/** Inputs that take no text: a box that is ticked must not turn the keys off. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'file', 'color', 'range'])

/** True for an element where keys are text: `tag` and, of an input, its `type`, as the browser tells them. */
export const takesText = (tag: string, type: string): boolean =>
  tag === 'TEXTAREA' || tag === 'SELECT' || (tag === 'INPUT' && !WITHOUT_TEXT.has(type))

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
