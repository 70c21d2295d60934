import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { describe, expect, it } from 'vitest'
import { createReadProgress, isForeground } from './progress.js'
import type { Terminal } from './terminal.js'
import { displayWidth } from './width.js'

const open = ({ isTerminal = true, columns = 80, path = 'big.log', inFront = (): boolean => true } = {}) => {
  const written: string[] = []
  const stderr = { columns, write: (text: string) => written.push(text) } as unknown as Terminal['stderr']
  let now = 0
  const bar = createReadProgress(
    { interactive: { out: true, err: isTerminal }, stderr, errorColors: picocolors.createColors(false) },
    path,
    () => now,
    inFront,
  )
  return { written, bar, pass: (ms: number) => (now += ms) }
}
const plain = (text: string | undefined): string => stripVTControlCharacters(text ?? '').replace('\r', '')

describe('createReadProgress', () => {
  it('shows share, file and lines in one line, and takes it away at the end', () => {
    const { written, bar, pass } = open()
    bar.update(1, 100, 1)
    expect(written).toEqual([])
    pass(1_000)
    bar.update(25, 100, 2_500)
    bar.update(26, 100, 2_600)
    expect(written.map(plain)).toEqual(['█████░░░░░░░░░░░░░░░  25 %  big.log  2,500 lines'])
    bar.stop()
    expect(written.at(-1)).toBe('\r\u001b[K')
  })

  it.each([40, 41, 60, 80, 200])('fits %i columns, whatever the file is called', (columns) => {
    const { written, bar, pass } = open({ columns, path: `${'漢'.repeat(200)}\u001b[2J` })
    pass(1_000)
    bar.update(99, 100, 1_234_567_890)
    expect(displayWidth(plain(written[0]))).toBeLessThan(columns)
    expect(plain(written[0])).not.toContain('\u001b')
  })

  it.each([
    ['a pipe', { isTerminal: false }],
    ['a terminal without a size', { columns: 0 }],
    ['standard input', { path: '-' }],
    ['a job of the background', { inFront: () => false }],
  ])('draws nothing for %s', (_, given) => {
    const { written, bar, pass } = open(given)
    pass(1_000)
    bar.update(50, 100, 9)
    bar.stop()
    expect(written).toEqual([])
  })
})

describe('isForeground', () => {
  it.each([
    ['123 (node) S 1 500 400 34816 500 4194304', true],
    ['123 (node) S 1 500 400 34816 400 4194304', false],
    ['123 (a) b ) S 1 500 400 34816 400 4194304', false],
    ['123 (node) S 1 500 400 0 -1 4194304', true],
    ['', true],
  ])('reads %s', (stat, expected) => {
    expect(isForeground(() => stat)).toBe(expected)
  })

  it('takes a system that does not tell for the foreground', () => {
    expect(
      isForeground(() => {
        throw new Error('ENOENT')
      }),
    ).toBe(true)
  })
})
