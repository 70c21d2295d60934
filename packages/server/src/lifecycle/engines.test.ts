import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RuleException, SecurityEvent } from '@parapet/core'
import { SHARDS } from '@parapet/detect'
import { writeMmdb } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEngines } from './engines.js'

const lines: string[] = []
const log = {
  warn: (fields: unknown, message?: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  info: () => undefined,
} as unknown as Parameters<typeof loadEngines>[0]
const ID = '11111111-2222-4333-8444-555555555555'
const OWN = `title: Payroll\nid: ${ID}\nlevel: high\nlogsource:\n  category: web\ndetection:\n  s:\n    url.path: /payroll\n  condition: s\n`
const ALL = new Set(Array.from({ length: SHARDS }, (_, i) => i))
const event: SecurityEvent = {
  '@timestamp': 1_795_000_000_000,
  'event.category': 'web',
  'event.dataset': 'nginx.access',
  'source.ip': '203.0.113.1',
  'url.path': '/payroll',
}
const exception: RuleException = {
  id: 'x',
  ruleId: ID,
  match: { 'source.ip': '203.0.113.0/24' },
  until: 9e15,
  reason: '',
  by: { id: '', name: '' },
  createdAt: 0,
}
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engines-'))
  await writeFile(join(dir, 'own.yml'), OWN)
  await writeFile(join(dir, 'bad.yml'), 'title: [')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('the engines', () => {
  it('follow switches, exceptions and files, tell of each change once, and log what cannot run', async () => {
    const engines = await loadEngines(log, { rulesDir: dir })
    const told = (): boolean =>
      engines
        .createEngine({ owns: ALL })
        .process(event, 'e')
        .some(({ alert }) => alert.rule.id === ID)
    let changes = 0
    const stop = engines.onChange(() => changes++)
    expect(told()).toBe(true)
    expect(lines.join('\n')).toContain('own/bad.yml')

    engines.apply({ off: new Set([ID]), exceptions: [] })
    expect(told()).toBe(false)
    engines.apply({ off: new Set([ID]), exceptions: [] })
    expect([changes, engines.revision()]).toEqual([1, 1])
    engines.apply({ off: new Set(), exceptions: [exception] })
    expect(told()).toBe(false)
    engines.apply({ off: new Set(), exceptions: [] })
    expect(told()).toBe(true)

    await engines.reload()
    expect(engines.revision()).toBe(3)
    await rm(join(dir, 'own.yml'))
    await engines.reload()
    expect([told(), engines.revision(), changes]).toEqual([false, 4, 4])
    stop()
    engines.apply({ off: new Set([ID]), exceptions: [] })
    expect(changes).toBe(4)
    engines.close()
  })

  it('try a rule that is switched off, and none that there is not', async () => {
    await writeFile(join(dir, 'own.yml'), OWN)
    const engines = await loadEngines(log, { rulesDir: dir })
    engines.apply({ off: new Set([ID]), exceptions: [exception] })
    expect(engines.createTrial(ID, [])?.process(event, 'e')).toHaveLength(1)
    const excepted = engines.createTrial(ID, [exception])
    expect(excepted?.process(event, 'e')).toHaveLength(0)
    expect(excepted?.stats().excepted).toBe(1)
    expect(engines.createTrial('gone', [])).toBeUndefined()
  })

  it('know places of addresses, and take a newer database without a restart', async () => {
    const file = join(dir, 'places.mmdb')
    const at = (country: string): Promise<void> => writeFile(file, writeMmdb({ '203.0.113.0/24': { country: { iso_code: country } } }))
    await at('DE')
    const engines = await loadEngines(log, { geo: [file] })
    const country = (): unknown => engines.enrich?.({ '@timestamp': 1, 'source.ip': '203.0.113.1' })['source.geo.country_iso_code']
    expect(country()).toBe('DE')
    await at('FR')
    await utimes(file, 1, 1)
    await engines.reload()
    expect(country()).toBe('FR')
    await writeFile(file, 'damaged')
    await engines.reload()
    expect(country()).toBe('FR')
    expect(lines.at(-1)).toContain('database of places')
    engines.close()
  })

  it('say at start which database of places cannot be read, and need none', async () => {
    expect((await loadEngines(log, { geo: [] })).enrich).toBeUndefined()
    await expect(loadEngines(log, { geo: [join(dir, 'gone.mmdb')] })).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringContaining('gone.mmdb'),
    })
  })
})
