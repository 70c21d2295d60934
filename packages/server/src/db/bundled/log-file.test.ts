import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { rotateLog } from './log-file.js'
import { isAlive, readPostmasterPid } from './process.js'

const dir = mkdtempSync(join(tmpdir(), 'parapet-log-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('keeps a log under its bound while PostgreSQL goes on writing into the same file', () => {
  const path = join(dir, 'postgres.log')
  const open = openSync(path, 'a')
  writeSync(open, 'x'.repeat(100))
  expect(rotateLog(path, 100)).toBe(false)
  writeSync(open, 'y')
  expect(rotateLog(path, 100)).toBe(true)
  writeSync(open, 'after')
  expect(readFileSync(path, 'utf8')).toBe('after')
  expect(statSync(`${path}.1`).size).toBe(101)
})

it('keeps one older part only, and does not mind a log that is not there', () => {
  const path = join(dir, 'other.log')
  expect(rotateLog(path)).toBe(false)
  for (const text of ['first', 'second']) {
    writeFileSync(path, text)
    expect(rotateLog(path, 1)).toBe(true)
  }
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('second')
})

it('reads a pid file of any state without taking init or nonsense for PostgreSQL', () => {
  expect(readPostmasterPid(dir)).toBeUndefined()
  for (const [text, pid] of [
    ['4242\n/data\n', 4242],
    ['', undefined],
    ['abc', undefined],
    ['1\n', undefined],
    ['-5\n', undefined],
  ] as const) {
    writeFileSync(join(dir, 'postmaster.pid'), text)
    expect(readPostmasterPid(dir)).toBe(pid)
  }
})

it('tells a running process from one that never was', () => {
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(1)).toBe(true)
  expect(isAlive(2 ** 30)).toBe(false)
})
