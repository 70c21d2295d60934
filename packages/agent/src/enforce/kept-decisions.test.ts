import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deny, lifted } from '../fixtures/host-enforcer.js'
import { openKeptDecisions } from './kept-decisions.js'
import { readRelease, writeRelease } from './release.js'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-kept-'))
  path = join(folder, 'decisions.ndjson')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const values = (kept: ReturnType<typeof openKeptDecisions>): readonly string[] =>
  kept.set
    .all()
    .map(({ target }) => target.value)
    .toSorted()

describe('decisions that a host keeps', () => {
  it('are there after a restart, and those that were lifted are not', () => {
    const kept = openKeptDecisions(folder)
    const [one, two, three] = [deny('203.0.113.1'), deny('203.0.113.2'), deny('2001:db8::/64')]
    kept.set.reset([one, two])
    kept.set.apply(three)
    kept.set.apply(lifted(two))
    const { revision } = kept.set
    kept.close()
    const again = openKeptDecisions(folder)
    expect(values(again)).toEqual(['2001:db8::/64', '203.0.113.1'])
    expect(again.set.revision).toBe(revision)
    // a late older change does not bring one back
    again.set.apply(two)
    expect(values(again)).toEqual(['2001:db8::/64', '203.0.113.1'])
    again.close()
  })

  it('survive a line that the power cut through, and lines of nonsense', () => {
    const kept = openKeptDecisions(folder)
    kept.set.reset([deny('203.0.113.1')])
    kept.close()
    appendFileSync(path, `{"id":"x"}\nnull\n[]\n{"id":1,"target":{}}\n${JSON.stringify(deny('203.0.113.2')).slice(0, 60)}`)
    expect(values(openKeptDecisions(folder))).toEqual(['203.0.113.1'])
  })

  it('are only those that a host can carry out, without reasons, names and rules, readable by the agent alone', () => {
    const kept = openKeptDecisions(folder)
    kept.set.apply(deny('mallory', { target: { kind: 'user', value: 'mallory' }, revision: 900 }))
    kept.set.apply(
      deny('203.0.113.1', { revision: 901, reason: 'alice@example.org said so', author: { kind: 'operator', id: 'o1', name: 'Alice' } }),
    )
    kept.close()
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('203.0.113.1')
    for (const word of ['mallory', 'alice@example.org', 'Alice', 'o1']) expect(text).not.toContain(word)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    // what is not held moves the cursor all the same
    const other = openKeptDecisions(folder)
    other.set.apply(deny('mallory', { target: { kind: 'user', value: 'mallory' }, revision: 950 }))
    expect([other.set.revision, other.set.size]).toEqual([950, 1])
    other.close()
  })

  it('do not grow without end: the file is written anew when changes outnumber what is held', () => {
    const kept = openKeptDecisions(folder)
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 2_000; i++) kept.set.apply(lifted(deny(`203.0.113.${i % 200}`)))
      kept.sync()
    }
    kept.set.apply(deny('203.0.113.250'))
    kept.close()
    expect(statSync(path).size).toBeLessThan(2_100 * 400)
    expect(values(openKeptDecisions(folder))).toEqual(['203.0.113.250'])
  })

  it('stay in force when the disk takes nothing, which is said, and are written once it does', () => {
    const kept = openKeptDecisions(join(folder, 'inner'))
    rmSync(join(folder, 'inner'), { recursive: true })
    kept.set.apply(deny('203.0.113.1'))
    kept.sync()
    expect(kept.stuck()).toBe('ENOENT')
    expect(kept.set.size).toBe(1)
    kept.set.apply(deny('203.0.113.2'))
    kept.sync()
    expect(kept.stuck()).toBeNull()
    expect(values(openKeptDecisions(join(folder, 'inner')))).toEqual(['203.0.113.1', '203.0.113.2'])
  })
})

describe('a release by hand', () => {
  it('lasts until it ends or is taken back', () => {
    expect(readRelease(folder)).toBe(0)
    writeRelease(folder, 5_000)
    expect(readRelease(folder)).toBe(5_000)
    writeRelease(folder, 0)
    expect(readRelease(folder)).toBe(0)
  })

  it('counts also when its file is damaged: whoever wrote it wanted to get in', () => {
    for (const text of ['', '{', '{"until":"later"}', 'null']) {
      rmSync(join(folder, 'released.json'), { force: true })
      appendFileSync(join(folder, 'released.json'), text)
      expect(readRelease(folder)).toBe(Number.MAX_SAFE_INTEGER)
    }
  })
})
