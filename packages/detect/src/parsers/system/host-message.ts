/** What one message of a host's program says, in the words of events. Filled in place by the readers of this folder. */
export type HostMessage = {
  dataset: string
  category: string
  action: string
  outcome: 'success' | 'failure' | 'unknown'
  reason: string | undefined
  /** the service that a PAM message speaks of, or the unit of systemd's */
  service: string | undefined
  level: string | undefined
  address: string | undefined
  port: number | undefined
  /** who acts */
  user: string | undefined
  /** who is acted on */
  target: string | undefined
  group: string | undefined
  command: string | undefined
  directory: string | undefined
  terminal: string | undefined
}

/** Reads `line[from, end)`, one message of a program, into `m`, which was cleared for the program before. */
export type ReadMessage = (line: string, from: number, end: number, m: HostMessage) => void

/** An empty message; one a parser is enough, since reading is synchronous. */
export const createHostMessage = (): HostMessage => ({
  dataset: 'syslog',
  category: 'host',
  action: 'message',
  outcome: 'unknown',
  reason: undefined,
  service: undefined,
  level: undefined,
  address: undefined,
  port: undefined,
  user: undefined,
  target: undefined,
  group: undefined,
  command: undefined,
  directory: undefined,
  terminal: undefined,
})

/** Empties a message: what no reader knows is a `message` of this dataset. */
export const clearMessage = (m: HostMessage, dataset: string, category = 'host'): void => {
  m.dataset = dataset
  m.category = category
  m.action = 'message'
  m.outcome = 'unknown'
  m.reason = undefined
  m.service = undefined
  m.level = undefined
  m.address = undefined
  m.port = undefined
  m.user = undefined
  m.target = undefined
  m.group = undefined
  m.command = undefined
  m.directory = undefined
  m.terminal = undefined
}

/** Says what happened. */
export const say = (m: HostMessage, category: string, action: string, outcome: HostMessage['outcome'], reason?: string): void => {
  m.category = category
  m.action = action
  m.outcome = outcome
  m.reason = reason
}

/** Where `text` stands first in `line[from, end)`, or -1. */
export const within = (line: string, text: string, from: number, end: number): number => {
  const at = line.indexOf(text, from)
  return at < 0 || at + text.length > end ? -1 : at
}

/** Where `text` stands last in `line[from, end)`, or -1. */
export const lastWithin = (line: string, text: string, from: number, end: number): number => {
  const at = line.lastIndexOf(text, end - text.length)
  return at < from ? -1 : at
}

/** True when `line[from, end)` ends with `text`. */
export const endsWith = (line: string, text: string, from: number, end: number): boolean =>
  end - from >= text.length && line.startsWith(text, end - text.length)

/** Where the word that starts at `from` ends: at a blank or the end. */
export const wordEnd = (line: string, from: number, end: number): number => {
  let at = from
  while (at < end && line.charCodeAt(at) > 32) at++
  return at
}
