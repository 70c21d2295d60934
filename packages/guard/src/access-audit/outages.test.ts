import { isSpelt } from '../enforcement/routes.js'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Access, accessEntry, createAccessAudit, type AccessAuditOptions } from './access-audit.js'
import { readPatterns } from './resource.js'
import type { AccessEntry } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const access = (over: Partial<Access> = {}): Access => ({
  id: '01999999-0000-7000-8000-000000000001',
  method: 'GET',
  path: '/api/documents/42',
  status: 200,
  route: undefined,
  actor: { kind: 'anonymous' },
  address: '203.0.113.7',
  userAgent: 'Firefox',
  reason: undefined,
  ...over,
})
type Trouble = { readonly kind: string; readonly count: number; readonly reason: string }
const setup = (record: (entries: readonly AccessEntry[]) => unknown, over: Partial<AccessAuditOptions> = {}) => {
  const told: Trouble[] = []
  const sink = { record: record as (entries: readonly AccessEntry[]) => Promise<void> }
  return { told, audit: createAccessAudit({ sink, clock: () => 7, report: (trouble) => told.push(trouble), ...over }) }
}
const paths = fc
  .array(fc.constantFrom('api', 'API', 'x', '..', '.', '', '%61pi', '%2e%2e', '%2f', 'api;a=b', 'a%70i', '%2561pi', 'apix', '\\', '%5c'), {
    maxLength: 6,
  })
  .map((segments) => `/${segments.join('/')}`)

describe('what is recorded', () => {
  it('is every path that some router takes for one below /api/, however it is spelt', () => {
    const { audit } = setup(async () => undefined)
    fc.assert(
      fc.property(paths, fc.constantFrom('GET', 'POST', 'DELETE'), (path, method) => {
        const below = isSpelt(path, (normal) => normal === '/api' || normal.startsWith('/api/'))
        // what begins so as it stands counts as well, though dots lead out of it again
        const asItStands = /^\/api(?:\/|$)/i.test(path)
        expect([path, audit.covers(method, path)]).toEqual([path, below || asItStands])
      }),
      { numRuns: 600 },
    )
  })

  it('with views: false is whatever is no reading, of any method that nobody knows too', () => {
    const { audit } = setup(async () => undefined, { views: false })
    const methods = ['GET', 'HEAD', 'OPTIONS', 'QUERY', 'POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND', '', '__proto__']
    expect(methods.filter((method) => audit.covers(method, '/api/x'))).toEqual(['POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND', '', '__proto__']) // prettier-ignore
  })

  it('has one shape for whatever came in: bounded, without control characters, and nothing of it is a query', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('\ud800', 'x'.repeat(5_000), '\r\n\u001b[2J', '__proto__'),
    )
    const patterns = readPatterns('x', ['/api/documents/:id'])
    fc.assert(
      fc.property(text, text, text, fc.integer({ min: 100, max: 599 }), (path, method, agent, status) => {
        const entry = accessEntry(access({ path: `/api/${path}`, method, userAgent: agent, status, actor: { kind: 'subject', id: agent, session: 's' } }), 7, patterns) // prettier-ignore
        const { resource, route, userAgent = '', actor } = entry
        expect(Object.keys(entry)).toEqual(['id', 'at', 'actor', 'action', 'resource', 'outcome', 'status', 'method', 'route', 'address', 'userAgent']) // prettier-ignore
        const bounds: readonly (readonly [string, number])[] = [
          [resource.type, 128], [resource.id ?? '', 128], [route, 256], [entry.method, 32], [userAgent, 512],
          [actor.kind === 'subject' ? actor.id : '', 256],
        ] // prettier-ignore
        for (const [part, most] of bounds) {
          expect(part.length).toBeLessThanOrEqual(most)
          expect(part).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]/u)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves out what is not known, rather than write an empty text for it', () => {
    expect(Object.keys(accessEntry(access({ address: undefined, userAgent: undefined }), 7))).not.toEqual(
      expect.arrayContaining(['address']),
    )
    expect(accessEntry(access({ path: '/api/documents' }), 7).resource).toEqual({ type: 'documents' })
    expect(accessEntry(access({ path: '/' }), 7).resource).toEqual({ type: 'root' })
    expect(accessEntry(access({ reason: 'csrf' }), 7)).toMatchObject({ outcome: 'refused', reason: 'csrf' })
  })

  it.each([
    [100, 'success'], [200, 'success'], [304, 'success'], [399, 'success'], [400, 'failure'], [401, 'refused'], [402, 'failure'],
    [403, 'refused'], [404, 'failure'], [428, 'failure'], [429, 'refused'], [430, 'failure'], [500, 'failure'], [599, 'failure'],
  ] as const)('of status %i is a %s', (status, outcome) => {
    expect(accessEntry(access({ status }), 7).outcome).toBe(outcome)
  }) // prettier-ignore
})

describe('a sink in trouble', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
      'disk full',
    ],
    ['rejects', () => Promise.reject(new Error('disk full')), 'disk full'],
    ['rejects with a text', () => Promise.reject('disk full'), 'unknown'],
    ['rejects with nothing', () => Promise.reject(undefined), 'unknown'],
    ['rejects with a long story', () => Promise.reject(new Error('x'.repeat(10_000))), 'x'.repeat(200)],
  ])('that %s is told with its reason in 200 characters, and the answer does not go out', async (_what, record, reason) => {
    // prettier-ignore
    const { audit, told } = setup(record, { mode: 'block' })
    expect(await audit.write(access())).toBe(false)
    expect(told).toEqual([{ kind: 'failed', count: 1, reason }])
    expect(audit.stats()).toEqual({ recorded: 0, waiting: 0, dropped: 0, failed: 1 })
  })

  it('that answers in its last millisecond has answered, and one later has not', async () => {
    for (const [ms, taken] of [
      [99, true],
      [101, false],
    ] as const) {
      // prettier-ignore
      const { audit } = setup(() => new Promise((resolve) => setTimeout(resolve, ms)), { mode: 'block', timeoutMs: 100 })
      const written = audit.write(access())
      await vi.advanceTimersByTimeAsync(200)
      expect(await written).toBe(taken)
      expect(audit.stats()).toMatchObject({ recorded: taken ? 1 : 0, failed: taken ? 0 : 1 })
    }
  })

  it('that answers nothing but at once has taken it', async () => {
    const { audit } = setup(() => undefined, { mode: 'block' })
    expect(await audit.write(access())).toBe(true)
  })

  it('in block mode with allow lets every answer out, and counts what is missing', async () => {
    const { audit, told } = setup(() => Promise.reject(new Error('away')), { mode: 'block', onFailure: 'allow' })
    for (let i = 0; i < 5; i++) expect(await audit.write(access())).toBe(true)
    expect([audit.stats().failed, told.length]).toEqual([5, 5])
  })

  it('keeps many that are written at once apart: one that fails fails by itself', async () => {
    const { audit } = setup((entries) => (entries[0]?.status === 500 ? Promise.reject(new Error('no')) : Promise.resolve()), {
      mode: 'block',
    })
    const written = await Promise.all([200, 500, 201, 500, 204].map((status) => audit.write(access({ status }))))
    expect(written).toEqual([true, false, true, false, true])
  })

  it('that comes back takes what waited, oldest first, and what came meanwhile', async () => {
    let away = true
    const got: number[] = []
    const { audit } = setup(async (entries) => {
      if (away) throw new Error('away')
      got.push(...entries.map(({ status }) => status))
    }, { flushMs: 10, batch: 2 }) // prettier-ignore
    for (const status of [201, 202, 203]) audit.note(access({ status }))
    await vi.advanceTimersByTimeAsync(300)
    audit.note(access({ status: 204 }))
    away = false
    await vi.advanceTimersByTimeAsync(2_000)
    expect(got).toEqual([201, 202, 203, 204])
    expect(audit.stats()).toMatchObject({ recorded: 4, waiting: 0, dropped: 0 })
  })

  it('that stays away loses what it was given, says so, and never holds more than the room', async () => {
    const { audit, told } = setup(() => Promise.reject(new Error('away')), { flushMs: 10, batch: 10, queue: 25 })
    for (let i = 0; i < 100; i++) audit.note(access())
    expect(audit.stats().waiting).toBe(25)
    await vi.advanceTimersByTimeAsync(60_000)
    const { recorded, waiting, dropped } = audit.stats()
    expect([recorded, waiting, dropped]).toEqual([0, 0, 100])
    expect(told.filter(({ kind }) => kind === 'dropped').reduce((sum, { count }) => sum + count, 0)).toBe(100)
  })

  it('is told nothing more than once at the end, however often the end is asked for', async () => {
    const batches: number[] = []
    const { audit } = setup(async (entries) => void batches.push(entries.length), { flushMs: 60_000 })
    for (let i = 0; i < 3; i++) audit.note(access())
    await Promise.all([audit.close(), audit.close(), audit.close()])
    await audit.close()
    expect(batches).toEqual([3])
    // what comes after the end is still written
    audit.note(access())
    await vi.advanceTimersByTimeAsync(60_000)
    expect(batches).toEqual([3, 1])
  })

  it('changes nothing of a record that was made: the sink sees what was true then', async () => {
    const got: AccessEntry[] = []
    const { audit } = setup(async (entries) => void got.push(...entries), { flushMs: 10 })
    const actor = { kind: 'subject', id: 'anna', session: 's1' } as { kind: 'subject'; id: string; session: string }
    const one = { ...access(), actor }
    audit.note(one)
    actor.id = 'mallory'
    one.status = 500
    await vi.advanceTimersByTimeAsync(20)
    expect(got[0]).toMatchObject({ at: 7, actor: { id: 'anna' }, status: 200 })
  })
})

describe('the bounds of the options', () => {
  const build = (over: Partial<AccessAuditOptions>) => () => createAccessAudit({ sink: { record: async () => undefined }, ...over })

  it.each<Partial<AccessAuditOptions>>([
    { queue: 1, batch: 1, flushMs: 1, timeoutMs: 10 },
    { queue: 1_000_000, batch: 10_000, flushMs: 60_000, timeoutMs: 60_000 },
    { paths: ['/'] },
    { paths: ['/a-b_c.d~e/'] },
    { paths: [] },
    { patterns: ['/', '/api/:a/*', '/~x'] },
  ])('%j is taken', (over) => {
    expect(build(over)).not.toThrow()
  })

  it.each<[Partial<AccessAuditOptions>, string]>([
    [{ queue: 1_000_001 }, 'accessAudit.queue is 1000001'],
    [{ batch: 0 }, 'accessAudit.batch is 0'],
    [{ batch: 10_001 }, 'accessAudit.batch is 10001'],
    [{ flushMs: 60_001 }, 'accessAudit.flushMs is 60001'],
    [{ timeoutMs: 9 }, 'accessAudit.timeoutMs is 9'],
    [{ paths: ['api/'] }, 'accessAudit.paths is "api/"'],
    [{ paths: ['/a b/'] }, 'accessAudit.paths is "/a b/"'],
    [{ paths: ['/%61/'] }, 'accessAudit.paths is "/%61/"'],
    [{ paths: ['//'] }, 'accessAudit.paths is "//"'],
    [{ patterns: [`/${'x'.repeat(256)}`] }, 'accessAudit.patterns is'],
    [{ patterns: ['/a?b'] }, 'accessAudit.patterns is "/a?b"'],
    [{ patterns: ['/(.*)'] }, 'accessAudit.patterns is "/(.*)"'],
  ])('%j is refused by name', (over, message) => {
    expect(build(over)).toThrow(message)
  })
})
