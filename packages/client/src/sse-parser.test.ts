import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseParser, type SseMessage } from './sse-parser.js'

const parse = (...pieces: string[]): readonly SseMessage[] => {
  const parser = createSseParser(10_000)
  return pieces.flatMap((piece) => parser.push(piece))
}

describe('the stream of server-sent events', () => {
  it('gives messages with event, data and the last id', () => {
    expect(parse('event: snapshot\nid: 7\ndata: {"a":1}\n\ndata: x\n\n')).toEqual([
      { event: 'snapshot', id: '7', data: '{"a":1}' },
      { event: 'message', id: '7', data: 'x' },
    ])
  })

  it('joins data lines, skips comments, unknown fields and messages without data', () => {
    expect(parse(': heartbeat\n\nretry: 2000\n\nevent: x\n\ndata: a\ndata:b\ndata\nfoo: bar\n\n')).toEqual([
      { event: 'message', id: undefined, data: 'a\nb\n' },
    ])
  })

  it('takes one space after the colon off, not two', () => {
    expect(parse('data:  x \n\n')[0]?.data).toBe(' x ')
  })

  it('takes a byte order mark off the start only', () => {
    expect(parse('\ufeffdata: a\n\n', '\ufeffdata: b\n\n')).toEqual([{ event: 'message', id: undefined, data: 'a' }])
  })

  it('ignores an id with NUL', () => {
    expect(parse('id: 1\u00002\ndata: a\n\n')[0]?.id).toBeUndefined()
  })

  it('says nothing about a message that is not whole', () => {
    expect(parse('data: a\n')).toEqual([])
    expect(parse('data: a')).toEqual([])
  })

  it('is read the same wherever it is cut and whichever line end is used', () => {
    const text = [
      'event: decision',
      'id: 3',
      'data: {"x": "a:b"}',
      '',
      ': beat',
      '',
      'data: one',
      'data: two',
      '',
      'id',
      'data: z',
      '',
      '',
    ].join('\n')
    const whole = parse(text)
    expect(whole).toHaveLength(3)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 130 }), { maxLength: 12 }), fc.constantFrom('\n', '\r\n', '\r'), (cuts, end) => {
        const stream = text.replaceAll('\n', end)
        const pieces: string[] = []
        let from = 0
        for (const cut of [...cuts].toSorted((a, b) => a - b)) {
          pieces.push(stream.slice(from, Math.max(from, cut)))
          from = Math.max(from, cut)
        }
        expect(parse(...pieces, stream.slice(from))).toEqual(whole)
      }),
    )
  })

  it('never throws for junk within the bound', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
        expect(Array.isArray(parse(...pieces))).toBe(true)
      }),
    )
  })

  it('stops at a message without end, in one line or in many', () => {
    const line = createSseParser(1_000)
    expect(() => {
      for (let i = 0; i < 100; i++) line.push('x'.repeat(100))
    }).toThrow('1000 characters')
    const lines = createSseParser(1_000)
    expect(() => {
      for (let i = 0; i < 100; i++) lines.push(`data: ${'x'.repeat(94)}\n`)
    }).toThrow('1000 characters')
    const many = createSseParser(1_000)
    for (let i = 0; i < 100; i++) expect(many.push(`data: ${'x'.repeat(900)}\n\n`)).toHaveLength(1)
  })
})
