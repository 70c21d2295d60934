import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLANTED } from '@parapet/testkit'
import { expect, it } from 'vitest'
import { leaksBelow, PASSWORD } from './planted.js'

const PIECE = 8192

it('a planted value is found in any place of a file, also across the border of two pieces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-pieces-'))
  const path = join(folder, 'log')
  try {
    for (let before = 0; before < 3 * PIECE; before += 7) {
      writeFileSync(path, `${'.'.repeat(before)}${PASSWORD}${'.'.repeat(before % PIECE)}`)
      expect(leaksBelow(folder, PIECE), `after ${before} bytes`).toEqual([`the operator's password in ${path}`])
    }
    writeFileSync(path, `${PLANTED.email}${'.'.repeat(5 * PIECE)}${PLANTED.awsKey}`)
    expect(leaksBelow(folder, PIECE)).toEqual([`email in ${path}`, `awsKey in ${path}`])
    for (const length of [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE]) {
      writeFileSync(path, '.'.repeat(length))
      expect(leaksBelow(folder, PIECE)).toEqual([])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
