import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { withoutRights } from '../fixtures/without-rights.js'
import { expandGlob, fitsName } from './glob.js'

fc.configureGlobal({ seed: 20_261_122 })
const folder = mkdtempSync(join(tmpdir(), 'parapet-glob-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('patterns of names', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', 'a.log.1', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['a*b*c', 'a__b__b__c', true],
    ['a*b*c', 'a__c', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
  ])('%s and %s: %s', (pattern, name, fits) => {
    expect(fitsName(pattern, name)).toBe(fits)
  })

  it('fit what they were made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 4 }), { minLength: 1, maxLength: 5 }), (parts) => {
        expect(fitsName(parts.join('*'), parts.join('xx'))).toBe(true)
        expect(fitsName(parts.join('*'), parts.join(''))).toBe(true)
      }),
    )
  })

  it('take no more than a moment on a name that is made to be slow', () => {
    const began = process.cpuUsage().user
    expect(fitsName(`${'a*'.repeat(30)}b`, 'a'.repeat(250))).toBe(false)
    expect(process.cpuUsage().user - began).toBeLessThan(200_000)
  })
})

describe('paths of a pattern', () => {
  it('are those that are there, hidden ones only when asked for, and a plain path as it is', () => {
    for (const name of ['x/app.log', 'x/app.txt', 'y/app.log', 'y/.hidden.log']) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), '')
    }
    expect(expandGlob(join(folder, '*/*.log'))).toEqual([join(folder, 'x/app.log'), join(folder, 'y/app.log')])
    expect(expandGlob(join(folder, 'y/.*.log'))).toEqual([join(folder, 'y/.hidden.log')])
    expect(expandGlob(join(folder, 'none.log'))).toEqual([join(folder, 'none.log')])
    expect(expandGlob(join(folder, 'none/*.log'))).toEqual([])
  })

  it('say where we may not look, throw at nothing, and keep quiet of what is not there', async () => {
    for (const name of ['ours/log/a.log', 'theirs/log/a.log']) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), '')
    }
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'theirs'), 0o000)
    const unread: string[] = []
    const found = await withoutRights(() =>
      ['*s/log/*.log', 'theirs/*', 'none/*/x', `ours/${'n'.repeat(300)}/*`].flatMap((pattern) =>
        expandGlob(join(folder, pattern), (path) => unread.push(path)),
      ),
    )
    chmodSync(join(folder, 'theirs'), 0o755)
    expect(found).toEqual([join(folder, 'ours/log/a.log')])
    expect([...new Set(unread)]).toEqual([join(folder, 'theirs/log'), join(folder, 'theirs')])
  })
})
