import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLogfmtLine } from './logfmt-line.js'

const read = (line: string): Record<string, string> => ({ ...readLogfmtLine(line)?.record })

describe('a line of logfmt', () => {
  it.each([
    ['a=1 b=2', { a: '1', b: '2' }],
    ['a=1 b="x y" c=', { a: '1', b: 'x y', c: '' }],
    ['a="x \\"y\\" \\\\" b="1\\n2"', { a: 'x "y" \\', b: '1\n2' }],
    ['flag a=1  b=2 other', { a: '1', b: '2' }],
    ['a=x=y b=x"y', { a: 'x=y', b: 'x"y' }],
    ['a=1 b="cut', { a: '1', b: 'cut' }],
    ['req.path=/a b=ü', { 'req.path': '/a', b: 'ü' }],
  ])('%s', (line, record) => {
    expect(read(line)).toEqual(record)
  })

  it.each(['', 'hello', 'hello world', 'a=1', '"a"=1 b=2', 'a="x"y"z" b=2 "', '=1 =2'])('%j is none', (line) => {
    expect(readLogfmtLine(line)).toBeUndefined()
  })

  it('leaves out a key that stands there twice with different values', () => {
    expect(readLogfmtLine('ip=1 msg=x ip=2')).toMatchObject({ ambiguous: true })
    expect(read('ip=1 msg=x ip=2')).toEqual({ msg: 'x' })
    expect(readLogfmtLine('ip=1 msg=x ip=1')).toMatchObject({ ambiguous: false, record: { ip: '1', msg: 'x' } })
  })

  it('knows no names but those of the line', () => {
    expect(readLogfmtLine('a=1 b=2')?.record['toString']).toBeUndefined()
    expect(readLogfmtLine('__proto__=1 b=2')?.record['b']).toBe('2')
  })

  it('gives back what a writer that quotes has written', () => {
    const value = fc.string({ maxLength: 12 }).filter((text) => !/[\r\n\t]/.test(text))
    fc.assert(
      fc.property(value, value, (a, b) => {
        const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
        expect(read(`x=${quote(a)} y=${quote(b)}`)).toEqual({ x: a, y: b })
      }),
      { seed: 20_261_122 },
    )
  })

  it('is bounded and quick, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', '"', '\\', ' ', 'é') }), (line) => {
        readLogfmtLine(line)
      }),
    )
    const before = process.cpuUsage()
    for (const filling of ['a', '=', '"', '\\', 'a=', 'a=b ', 'a="', '" ']) readLogfmtLine(filling.repeat(200_000))
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500)
  })
})
