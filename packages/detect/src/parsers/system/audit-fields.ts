/** What the records of one audit event say together. Absent texts are `undefined`; the first record that names something counts. */
export type AuditDraft = {
  time: number
  /** `SECONDS.MS:SERIAL`, the same for all records of an event */
  id: string
  /** the most telling record's type, and its text */
  type: string
  text: string
  rank: number
  host: string | undefined
  args: string[]
  argBytes: number
  path: string | undefined
  pathKind: string | undefined
  fields: Map<string, string>
}

/** An event without records. */
export const createAuditDraft = (id: string, time: number): AuditDraft => ({
  time,
  id,
  type: '',
  text: '',
  rank: 0,
  host: undefined,
  args: [],
  argBytes: 0,
  path: undefined,
  pathKind: undefined,
  fields: new Map(),
})

/** Fields that events need; everything else of a record is passed over. */
const WANTED: ReadonlySet<string> = new Set([
  'arch',
  'syscall',
  'success',
  'a0',
  'a1',
  'a2',
  'ppid',
  'pid',
  'auid',
  'uid',
  'euid',
  'tty',
  'comm',
  'exe',
  'key',
  'cwd',
  'name',
  'proctitle',
  'saddr',
  'op',
  'acct',
  'addr',
  'hostname',
  'terminal',
  'res',
  'cmd',
  'unit',
  'id',
  'grp',
  'audit_enabled',
  'old',
  'list',
  'UID',
  'AUID',
  'EUID',
  'SYSCALL',
  'ID',
  'nametype',
  'mode',
  'path',
  'prom',
  'dev',
  'sig',
  'data',
])

/** A sieve by length, first and last character: most fields are not wanted, and need not be cut out to see that. */
const place = (length: number, first: number, last: number): number => (length * 61 + first * 7 + last) & 1_023
const sieve = new Uint8Array(1_024)
for (const key of WANTED) sieve[place(key.length, key.charCodeAt(0), key.charCodeAt(key.length - 1))] = 1

/** Fields that hold text of others: quoted when it is plain, in hex when it is not. */
const ENCODED: ReadonlySet<string> = new Set(['comm', 'exe', 'key', 'cwd', 'name', 'proctitle', 'acct', 'cmd', 'path', 'grp', 'data'])

const ARG_BYTES = 8_192
const ARGS = 256

/** The text of a hex-encoded value; NULs, which separate the words of a `proctitle`, become blanks. `undefined` for other text. */
export const decodeHex = (value: string): string | undefined => {
  if (value.length === 0 || value.length % 2 !== 0) return undefined
  for (let at = 0; at < value.length; at++) {
    const c = value.charCodeAt(at)
    if (!((c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102))) return undefined
  }
  return Buffer.from(value, 'hex').toString('utf8').replaceAll('\0', ' ')
}

/** Reads the `key=value` pairs of one record, those in `msg='...'` and those behind the group separator (names for numbers) too. */
export const readAuditFields = (line: string, from: number, end: number, type: string, draft: AuditDraft): void => {
  const isPath = type === 'PATH'
  const isExec = type === 'EXECVE'
  let name: string | undefined
  let kind: string | undefined
  let mode: string | undefined
  let at = from
  while (at < end) {
    const c = line.charCodeAt(at)
    if (c === 32 || c === 29 || c === 39 || c === 44) {
      at++
      continue
    }
    const equals = keyEnd(line, at, end)
    if (equals < 0) {
      while (at < end && line.charCodeAt(at) !== 32 && line.charCodeAt(at) !== 29) at++
      continue
    }
    const maybe = isExec || sieve[place(equals - at, line.charCodeAt(at), line.charCodeAt(equals - 1))] === 1
    const key = maybe ? line.slice(at, equals) : ''
    at = equals + 1
    const quote = line.charCodeAt(at)
    // `msg='...'` is a list of its own: its pairs are read as they come
    if (quote === 39) continue
    const quoted = quote === 34
    const valueFrom = quoted ? at + 1 : at
    at = quoted ? line.indexOf('"', valueFrom) : valueEnd(line, valueFrom, end)
    if (at < 0 || at > end) at = end
    const isArg = isExec && isArgument(key)
    if (maybe && (isArg || WANTED.has(key))) {
      const raw = line.slice(valueFrom, at)
      const value = quoted || !(isArg || ENCODED.has(key)) ? raw : raw === '(null)' ? '' : (decodeHex(raw) ?? raw)
      if (isArg) addArgument(draft, key, value)
      else if (isPath) {
        if (key === 'name') name = value
        else if (key === 'nametype') kind = value
        else if (key === 'mode') mode = value
      } else if (!draft.fields.has(key)) draft.fields.set(key, value)
    }
    if (quoted) at++
  }
  // the folder comes as PARENT; the thing itself comes last
  if (isPath && name !== undefined && kind !== 'PARENT') {
    draft.path = name
    draft.pathKind = kind
    if (mode !== undefined) draft.fields.set('mode', mode)
  }
}

/** Where the `=` of a key is, or -1 for a word that is none. */
const keyEnd = (line: string, from: number, end: number): number => {
  for (let at = from; at < end && at - from <= 40; at++) {
    const c = line.charCodeAt(at)
    if (c === 61) return at > from ? at : -1
    if (c <= 32 || c === 34 || c === 39) return -1
  }
  return -1
}

const valueEnd = (line: string, from: number, end: number): number => {
  let at = from
  while (at < end) {
    const c = line.charCodeAt(at)
    if (c === 32 || c === 29 || c === 39) break
    at++
  }
  return at
}

/** `a0`, `a12`, and `a1[0]` for the parts of a long one; not `a1_len` */
const isArgument = (key: string): boolean => {
  const digit = key.charCodeAt(1)
  return key.charCodeAt(0) === 97 && digit >= 48 && digit <= 57 && !key.endsWith('_len')
}

const addArgument = (draft: AuditDraft, key: string, value: string): void => {
  if (draft.argBytes > ARG_BYTES || draft.args.length >= ARGS) return
  draft.argBytes += value.length
  const part = key.indexOf('[')
  // the second part of a long argument belongs to the one before
  if (part > 0 && key !== `${key.slice(0, part)}[0]` && draft.args.length > 0) draft.args[draft.args.length - 1] += value
  else draft.args.push(value)
}
