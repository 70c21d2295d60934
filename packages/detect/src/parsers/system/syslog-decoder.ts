import { LINE_BYTES } from '../line-parser.js'

/** What was done to the messages of one stream so far. */
export type SyslogCounts = {
  messages: number
  /** longer than a line may be: the rest was left out */
  cut: number
  /** lines without a priority, as after a wrong length: delivered as they are */
  unframed: number
}

/** Takes messages out of one connection's bytes. */
export type SyslogDecoder = {
  /** the messages that these bytes complete, in order */
  push: (bytes: Uint8Array) => string[]
  /** the last message when the connection ended without a line end */
  end: () => string[]
  readonly counts: Readonly<SyslogCounts>
}

const LF = 10
const COUNT_DIGITS = 7

/** The text of one datagram: a message of RFC 3164 or RFC 5424, at most `LINE_BYTES` bytes of it, without the line end that some senders add. */
export const syslogDatagram = (bytes: Uint8Array): string => textOf(bytes, Math.min(bytes.length, LINE_BYTES))

const textOf = (bytes: Uint8Array, length: number): string => {
  let end = length
  while (end > 0 && ((bytes[end - 1] as number) === LF || (bytes[end - 1] as number) === 13 || (bytes[end - 1] as number) === 0)) end--
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8')
}

/**
 * Takes syslog messages out of a TCP or TLS stream, in both framings and mixed: a length in front (`57 <34>1 ...`) or a line end behind. Memory is one
 * message of at most `LINE_BYTES`; what is longer is cut and counted. A length that is wrong costs what it covers: reading goes on at the next line end or
 * frame, and what lies between is delivered as a line. Chunks may end anywhere. Source: RFC 6587, 3.4.
 */
export const createSyslogDecoder = (): SyslogDecoder => {
  const counts: SyslogCounts = { messages: 0, cut: 0, unframed: 0 }
  const kept = Buffer.allocUnsafe(LINE_BYTES)
  let length = 0
  /** at a start, where digits may be a length; in a line; in a message of a known length */
  let mode: 'start' | 'line' | 'counted' = 'start'
  let count = 0
  /** bytes of a counted message still to come */
  let left = 0
  let over = false

  const deliver = (out: string[]): void => {
    if (over) counts.cut++
    const text = textOf(kept, length)
    if (text !== '') {
      counts.messages++
      if (kept[0] !== 60) counts.unframed++
      out.push(text)
    }
    length = 0
    count = 0
    mode = 'start'
    over = false
  }
  const keep = (bytes: Uint8Array, from: number, to: number): void => {
    const room = Math.min(to - from, LINE_BYTES - length)
    if (room < to - from) over = true
    kept.set(bytes.subarray(from, from + room), length)
    length += room
  }

  /** Decides what kind of message starts here; digits are kept until they turn out to be a length or text. */
  const start = (byte: number): void => {
    const afterBlank = length > 0 && kept[length - 1] === 32
    const digit = byte - 48
    if (afterBlank && byte === 60) {
      // `57 <`: only a priority makes the number a length
      mode = 'counted'
      left = count - 1
      length = 0
    } else if (!afterBlank && digit >= 0 && digit <= 9 && length < COUNT_DIGITS && (digit > 0 || length > 0)) count = count * 10 + digit
    else if (afterBlank || byte !== 32 || length === 0) mode = 'line'
    kept[length++] = byte
  }

  const push = (bytes: Uint8Array): string[] => {
    const out: string[] = []
    let at = 0
    while (at < bytes.length) {
      if (mode === 'start') {
        const byte = bytes[at++] as number
        if (byte === LF) deliver(out)
        // some senders end a message with NUL: nothing starts with it
        else if (byte !== 0 || length > 0) start(byte)
      } else if (mode === 'line') {
        const feed = bytes.indexOf(LF, at)
        keep(bytes, at, feed < 0 ? bytes.length : feed)
        at = feed < 0 ? bytes.length : feed + 1
        if (feed >= 0) deliver(out)
      } else {
        const to = Math.min(bytes.length, at + left)
        keep(bytes, at, to)
        left -= to - at
        at = to
      }
      if (mode === 'counted' && left === 0) deliver(out)
    }
    return out
  }
  const end = (): string[] => {
    const out: string[] = []
    deliver(out)
    return out
  }
  return { push, end, counts }
}
