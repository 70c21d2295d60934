import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecurityEvent } from '@parapet/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEngine } from './engine.js'
import { failure, LOGIN_RULES, rulesOf, runAll, success } from './fixtures/rules.js'
import { loadSnapshot, saveSnapshot } from './snapshot.js'

const T = Date.UTC(2026, 0, 5, 9)
const rules = rulesOf(LOGIN_RULES)
const events: SecurityEvent[] = Array.from({ length: 400 }, (_, i) =>
  (i % 9 === 0 ? success : failure)(T + i * 1_300, `198.51.100.${(i * 7) % 23}`, `user${i % 5}`),
)

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-snapshot-'))
  path = join(folder, 'engine.state')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a snapshot', () => {
  it('continues an engine as if it had never stopped, and keeps what was given beside it', async () => {
    const whole = runAll(createEngine({ rules }), events)
    const first = createEngine({ rules })
    const told = events.slice(0, 150).flatMap((event, i) => first.process(event, i + 1))
    await saveSnapshot(path, first, { 'auth.log': 1_234 })
    const second = createEngine({ rules })
    expect(await loadSnapshot(path, second)).toEqual({
      state: 'continued',
      entries: expect.any(Number),
      more: { 'auth.log': 1_234 },
      rulesChanged: false,
    })
    told.push(...events.slice(150).flatMap((event, i) => second.process(event, i + 151)), ...second.flush())
    expect(JSON.stringify(told)).toBe(JSON.stringify(whole))
  })

  it('does not disturb what an engine notes as changed', async () => {
    const [engine, undisturbed] = [createEngine({ rules }), createEngine({ rules })]
    for (const [i, event] of events.entries()) {
      engine.process(event, i)
      undisturbed.process(event, i)
      if (i % 100 !== 50) continue
      expect(engine.takeDirty()).toEqual(undisturbed.takeDirty())
      await saveSnapshot(path, engine)
    }
  })

  it('is of one moment, though events go on while it is written', async () => {
    const engine = createEngine({ rules })
    for (const [i, event] of events.slice(0, 100).entries()) engine.process(event, i)
    const before = [...engine.entries()]
    const saving = saveSnapshot(path, engine)
    for (const [i, event] of events.slice(100).entries()) engine.process(event, 100 + i)
    await saving
    const again = createEngine({ rules })
    await loadSnapshot(path, again)
    expect(JSON.stringify([...again.entries()].toSorted((a, b) => (a.key < b.key ? -1 : 1)))).toBe(
      JSON.stringify(before.toSorted((a, b) => (a.key < b.key ? -1 : 1))),
    )
  })

  it('can be read by its owner only, and leaves nothing beside it', async () => {
    await saveSnapshot(path, createEngine({ rules }))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['engine.state'])
  })

  it('that is not there is no error', async () => {
    expect(await loadSnapshot(path, createEngine({ rules }))).toEqual({ state: 'none' })
  })

  it('cut at any byte is refused, and the engine is untouched', async () => {
    const engine = createEngine({ rules })
    for (const [i, event] of events.slice(0, 30).entries()) engine.process(event, i)
    await saveSnapshot(path, engine)
    const { size } = statSync(path)
    const whole = readFileSync(path)
    for (let length = 0; length < size; length += Math.max(1, Math.floor(size / 97))) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      const fresh = createEngine({ rules })
      expect(await loadSnapshot(path, fresh)).toMatchObject({ state: 'refused' })
      expect(fresh.stats().groups).toBe(0)
    }
  })

  it('with one changed byte is refused', async () => {
    const engine = createEngine({ rules })
    for (const [i, event] of events.slice(0, 30).entries()) engine.process(event, i)
    await saveSnapshot(path, engine)
    const whole = readFileSync(path)
    for (let at = 3; at < whole.length; at += Math.floor(whole.length / 50)) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      writeFileSync(path, damaged)
      expect(await loadSnapshot(path, createEngine({ rules }))).toMatchObject({ state: 'refused' })
    }
  })

  const sealed = (text: string): string => `${text}${JSON.stringify({ end: createHash('sha256').update(text).digest('hex') })}\n`
  it.each([
    ['', 'it is cut short'],
    ['\n', 'it is cut short or no snapshot'],
    ['{"a":1}\n', 'it is cut short or no snapshot'],
    ['Jan  5 09:00:00 host sshd[1]: Failed password\n', 'it is cut short or no snapshot'],
    [sealed(''), 'it is empty'],
    [sealed('{"format":"other"}\n'), 'it is no snapshot of an engine'],
    [sealed('null\n'), 'it is no snapshot of an engine'],
    [sealed('{"format":"parapet-engine","version":2}\n'), 'it is of version 2, and 1 is read here'],
  ])('%j is refused: %s', async (text, reason) => {
    writeFileSync(path, text)
    expect(await loadSnapshot(path, createEngine({ rules }))).toEqual({ state: 'refused', reason })
  })

  it('leaves out lines that are no entry', async () => {
    writeFileSync(path, sealed('{"format":"parapet-engine","version":1,"rules":"x","more":null}\nnull\n7\n{"shard":1}\n'))
    expect(await loadSnapshot(path, createEngine({ rules }))).toMatchObject({ state: 'continued', entries: 0, rulesChanged: true })
  })

  it('of other rules continues those that did not change, and says so', async () => {
    const engine = createEngine({ rules })
    for (let i = 0; i < 4; i++) engine.process(failure(T + i, '198.51.100.1', `u${i % 3}`), i)
    await saveSnapshot(path, engine)
    const other = createEngine({ rules: rulesOf(LOGIN_RULES.replace('condition: {gte: 5}', 'condition: {gte: 4}')) })
    expect(await loadSnapshot(path, other)).toMatchObject({ state: 'continued', rulesChanged: true })
    const told = other.process(failure(T + 10, '198.51.100.1', 'u9'), 'next')
    // brute starts afresh, spray has three names and gets its fourth
    expect(told.map(({ alert }) => alert.rule.id)).toEqual(['spray'])
  })

  it('that cannot be read or written is told with its path', async () => {
    mkdirSync(path)
    await expect(loadSnapshot(path, createEngine({ rules }))).rejects.toMatchObject({ code: 'PPT_FILE_UNREADABLE' })
    await expect(saveSnapshot(join(folder, 'no', 'such'), createEngine({ rules }))).rejects.toMatchObject({ code: 'PPT_FILE_UNREADABLE' })
  })
})
