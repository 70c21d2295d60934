import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { describe, expect, it } from 'vitest'
import type { Terminal } from './terminal.js'
import { displayWidth } from './width.js'
import { createWorkProgress } from './work-progress.js'

const open = (isTerminal: boolean, columns = 80) => {
  const written: string[] = []
  const stderr = { columns, write: (text: string) => written.push(text) } as unknown as Terminal['stderr']
  const errorColors = picocolors.createColors(false)
  let now = 0
  const start = (title: string, total: number | undefined) =>
    createWorkProgress({ interactive: { out: true, err: isTerminal }, stderr, errorColors }, title, total, () => now)
  return { written, start, pass: (ms: number) => (now += ms) }
}
const plain = (text: string | undefined): string => stripVTControlCharacters(text ?? '').replace('\r', '')

describe('createWorkProgress', () => {
  it('shows share, rows and speed in one line, and takes it away at the end', () => {
    const { written, start, pass } = open(true)
    const bar = start('Sealing users.phone', 10_000)
    pass(1_000)
    bar.rows(2_500)
    expect(plain(written[0])).toBe('█████░░░░░░░░░░░░░░░  25 %  Sealing users.phone  2,500 rows  2.5 k/s')
    bar.stop()
    expect(written.at(-1)).toBe('\r\u001b[K')
  })

  it('says nothing of short work, nor ten times in a blink, nor into a pipe', () => {
    const { written, start, pass } = open(true)
    const bar = start('x', 100)
    bar.rows(50)
    bar.stop()
    expect(written).toEqual([])
    pass(1_000)
    for (let i = 0; i < 10; i++) bar.rows(1)
    expect(written).toHaveLength(1)
    const pipe = open(false)
    const silent = pipe.start('x', 100)
    pipe.pass(5_000)
    silent.rows(50)
    silent.stop()
    expect(pipe.written).toEqual([])
  })

  it('fits the terminal, knows no total, and never says more than all', () => {
    for (const columns of [40, 60, 80, 120])
      for (const total of [undefined, 0, 10, 1e9]) {
        const { written, start, pass } = open(true, columns)
        pass(1)
        const bar = start(`Sealing \u001b[2J${'a-long-name.'.repeat(10)}`, total)
        pass(2_000)
        bar.rows(123_456)
        expect(plain(written[0])).not.toMatch(/[^\P{C}]/u)
        expect(columns < 60 || displayWidth(plain(written[0])) < columns).toBe(true)
        expect(plain(written[0])).not.toMatch(/1\d\d\d %/)
      }
  })
})
