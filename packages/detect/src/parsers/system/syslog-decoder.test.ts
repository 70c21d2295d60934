import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSyslogDecoder, syslogDatagram } from './syslog-decoder.js'

fc.configureGlobal({ seed: 20_261_122 })

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const counted = (message: string): string => `${bytes(message).length} ${message}`

/** All messages of a stream that arrives in these chunks. */
const decode = (chunks: readonly Uint8Array[]): { messages: string[]; counts: Record<string, number> } => {
  const decoder = createSyslogDecoder()
  const messages = chunks.flatMap((chunk) => decoder.push(chunk))
  return { messages: [...messages, ...decoder.end()], counts: { ...decoder.counts } }
}
const messagesOf = (text: string): string[] => decode([bytes(text)]).messages

describe('framing', () => {
  it.each<[string, string[]]>([
    ['<34>a\n<34>b\n', ['<34>a', '<34>b']],
    ['<34>a\r\n<34>b', ['<34>a', '<34>b']],
    [counted('<34>1 - - - - - - x') + counted('<34>b'), ['<34>1 - - - - - - x', '<34>b']],
    // a counted message may hold line ends, and text that looks like a frame
    [counted('<34>a\nb 5 <34>x') + '<34>c\n', ['<34>a\nb 5 <34>x', '<34>c']],
    // both, mixed
    [`<34>a\n${counted('<34>b')}<34>c\n`, ['<34>a', '<34>b', '<34>c']],
    // a counted message with a line end behind it, as some senders write
    [`${counted('<34>b\n')}${counted('<34>c')}\n<34>d\n`, ['<34>b', '<34>c', '<34>d']],
    ['\n\n\0<34>a\n', ['<34>a']],
    ['<34>a\0\n', ['<34>a']],
    // text of numbers is no length
    ['5 pm\n12345678 <34>x\n007 <34>y\n', ['5 pm', '12345678 <34>x', '007 <34>y']],
    ['plain line\n', ['plain line']],
    ['', []],
    [counted('<'), ['<']],
    ['12', ['12']],
    ['12 ', ['12 ']],
  ])('%j', (text, expected) => {
    expect(messagesOf(text)).toEqual(expected)
  })

  it('decodes characters that a chunk cuts', () => {
    const whole = bytes(`${counted('<34>grüße €')}<34>ende ß\n`)
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(decode([whole.subarray(0, cut), whole.subarray(cut)]).messages).toEqual(['<34>grüße €', '<34>ende ß'])
    }
  })

  it('is the same for every way to cut the stream', () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '<', '3', ' ', '\n', '4', '>', '\0', 'ß'), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', '9'), maxLength: 12 }).map((text) => counted(`<34>${text}`)),
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
        (pieces, sizes) => {
          const all = bytes(pieces.join(''))
          const chunks: Buffer[] = []
          for (let at = 0, n = 0; at < all.length; n++) {
            const size = sizes[n % sizes.length] ?? 1
            chunks.push(all.subarray(at, at + size))
            at += size
          }
          expect(decode(chunks)).toEqual(decode([all]))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('gives back what was sent, counted or in lines', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '9', '<', 'é'), maxLength: 30 }).map((rest) => `<34>x${rest}y`)
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.boolean()), { maxLength: 10 }), (sent) => {
        const stream = sent.map(([message, asCount]) => (asCount ? counted(message) : `${message}\n`)).join('')
        expect(messagesOf(stream)).toEqual(sent.map(([message]) => message))
      }),
      { numRuns: 500 },
    )
  })
})

describe('bad input', () => {
  it('is bounded: a message that never ends is cut, counted, and the next one is read', () => {
    const { messages, counts } = decode([
      bytes('<34>'),
      ...Array.from({ length: 100 }, () => bytes('a'.repeat(10_000))),
      bytes('\n<34>next\n'),
    ])
    expect(messages.map((message) => message.length)).toEqual([8_192, 8])
    expect(counts).toEqual({ messages: 2, cut: 1, unframed: 0 })
  })

  it('cuts a counted message and goes on exactly behind it', () => {
    const { messages, counts } = decode([bytes(`${counted(`<34>${'b'.repeat(50_000)}`)}${counted('<34>next')}`)])
    expect([messages.length, messages[0]?.length, messages[1]]).toEqual([2, 8_192, '<34>next'])
    expect(counts['cut']).toBe(1)
  })

  it('finds its way back after a length that is too small, and delivers the rest as a line', () => {
    const { messages, counts } = decode([bytes('6 <34>hello\n<34>next\n')])
    expect(messages).toEqual(['<34>he', 'llo', '<34>next'])
    expect(counts['unframed']).toBe(1)
  })

  it('finds its way back after a length that is too large', () => {
    const { messages } = decode([bytes('20 <34>hello\n<34>next\n<34>third\n<34>fourth\n')])
    expect(messages.at(-1)).toBe('<34>fourth')
    expect(messages.join('|')).toContain('34>third')
  })

  it('never throws on any bytes, and keeps no more than there was', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (chunks) => {
        const { messages, counts } = decode(chunks)
        expect(counts['messages']).toBe(messages.length)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a datagram', () => {
  it('is one message, without the line end or NUL that a sender adds', () => {
    expect(syslogDatagram(bytes('<34>hello\n'))).toBe('<34>hello')
    expect(syslogDatagram(bytes('<34>hello\0'))).toBe('<34>hello')
    expect(syslogDatagram(bytes('<34>two\nlines'))).toBe('<34>two\nlines')
    expect(syslogDatagram(bytes(`<34>${'x'.repeat(60_000)}`))).toHaveLength(8_192)
    expect(syslogDatagram(Buffer.from([60, 49, 62, 255, 254]))).toBe('<1>\ufffd\ufffd')
    expect(syslogDatagram(new Uint8Array(0))).toBe('')
  })
})
