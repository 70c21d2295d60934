import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LINE_BYTES } from '../line-parser.js'
import { readJsonLine } from './json-line.js'

const padded = (start: string): string => start + 'a'.repeat(LINE_BYTES)

describe('a line of JSON', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    [' {"a":1} \r\n', { a: 1 }],
    ['{"a":{"b":[1,2]}}', { a: { b: [1, 2] } }],
  ])('%j is its object', (text, record) => {
    expect(readJsonLine(text)).toEqual({ record, cut: false })
  })

  it.each(['', ' ', '[1]', '"a"', '1', 'null', '{', '{"a"', '{"a":1', '{a:1}', '{"a":1}}', 'x{"a":1}'])('%j is none', (text) => {
    expect(readJsonLine(text).record).toBeUndefined()
  })

  it('is read once while several parsers ask for it', () => {
    const first = readJsonLine('{"a":1}').record
    expect(readJsonLine('{"a":1}').record).toBe(first)
    expect(readJsonLine('{"a":2}').record).toEqual({ a: 2 })
  })
})

describe('a line that is cut at the limit', () => {
  it.each<[string, (record: Record<string, unknown>) => void]>([
    ['{"ip":"198.18.0.1","path":"/', ({ ip, path }) => expect([ip, String(path).startsWith('/aaa')]).toEqual(['198.18.0.1', true])],
    ['{"ip":"198.18.0.1","req":{"n":1,"path":"/', ({ ip, req }) => expect([ip, (req as { n: number }).n]).toEqual(['198.18.0.1', 1])],
    ['{"ip":"198.18.0.1","list":[1,2,"', ({ list }) => expect((list as unknown[]).slice(0, 2)).toEqual([1, 2])],
    ['{"ip":"198.18.0.1","', (record) => expect(record).toEqual({ ip: '198.18.0.1' })],
  ])('keeps what stood before: %s', (start, check) => {
    const { record, cut } = readJsonLine(padded(start))
    expect(cut).toBe(true)
    check(record as Record<string, unknown>)
  })

  it('leaves out an escape that was cut in two', () => {
    for (let back = 0; back < 14; back++) {
      const text = `{"ip":"198.18.0.1","path":"${'a'.repeat(LINE_BYTES - 40 + back)}${'\\u0041\\n\\\\\\"'.repeat(4)}`
      expect(readJsonLine(text).record).toMatchObject({ ip: '198.18.0.1' })
    }
  })

  it('closes what text of an attacker cannot', () => {
    const evil = JSON.stringify('","ip":"10.0.0.1"}]{[').slice(1, -1)
    expect(readJsonLine(padded(`{"ip":"198.18.0.1","path":"${evil}`)).record).toMatchObject({ ip: '198.18.0.1' })
  })

  it('is read wherever the cut falls', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1, maxLength: 5 }).filter((key) => key !== 'ip'),
          fc.jsonValue({ maxDepth: 3 }),
          { maxKeys: 6 },
        ),
        fc.nat(200),
        (record, shift) => {
          const text = JSON.stringify({ ip: '198.18.0.1', pad: 'x'.repeat(LINE_BYTES - 30 - shift), ...record, end: 'y'.repeat(400) })
          expect(readJsonLine(text).record).toMatchObject({ ip: '198.18.0.1' })
        },
      ),
      { seed: 20_261_122 },
    )
  })

  it('takes a time that grows with its length, not faster', () => {
    const before = process.cpuUsage()
    for (const filling of ['[', '{"a":', '"', '\\', ',', '{"a":[', '"\\u'])
      for (let i = 0; i < 50; i++) readJsonLine(`{"n":${i},"a":${filling.repeat(Math.ceil(LINE_BYTES / filling.length))}`)
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1_500)
  })
})
