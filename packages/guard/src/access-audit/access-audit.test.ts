import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Access, accessEntry, createAccessAudit, type AccessAuditOptions } from './access-audit.js'
import { actionOf, looksSecret, outcomeOf, readPatterns, resourceOf } from './resource.js'
import type { AccessEntry } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const access = (over: Partial<Access> = {}): Access => ({
  id: '01999999-0000-7000-8000-000000000001',
  method: 'GET',
  path: '/api/documents/42',
  status: 200,
  route: '/api/documents/:id',
  actor: { kind: 'subject', id: 'anna', session: 's1' },
  address: '203.0.113.7',
  userAgent: 'Firefox',
  reason: undefined,
  ...over,
})
const nothing = async (): Promise<void> => {}
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('one access', () => {
  it('says who did what to which thing, from where, with what result [ASVS 16.2.1]', () => {
    expect(accessEntry(access({ method: 'PUT' }), 5)).toEqual({
      id: '01999999-0000-7000-8000-000000000001',
      at: 5,
      actor: { kind: 'subject', id: 'anna', session: 's1' },
      action: 'edit',
      resource: { type: 'documents', id: '42' },
      outcome: 'success',
      status: 200,
      method: 'PUT',
      route: '/api/documents/:id',
      address: '203.0.113.7',
      userAgent: 'Firefox',
    })
  })

  it.each([
    ['GET', false, 'view'],
    ['HEAD', true, 'view'],
    ['POST', false, 'create'],
    ['POST', true, 'edit'],
    ['PUT', true, 'edit'],
    ['PATCH', true, 'edit'],
    ['DELETE', true, 'delete'],
    ['PROPPATCH', true, 'edit'],
  ] as const)('%s (with an id: %s) is taken for %s', (method, hasId, expected) => {
    expect(actionOf(method, hasId)).toBe(expected)
  })

  it('that was refused is recorded as that, by whom it was refused [ASVS 16.3.2]', () => {
    expect(outcomeOf(200, false)).toBe('success')
    for (const status of [401, 403, 429]) expect(outcomeOf(status, false)).toBe('refused')
    expect(outcomeOf(503, true)).toBe('refused')
    for (const status of [400, 404, 409, 500]) expect(outcomeOf(status, false)).toBe('failure')
    expect(accessEntry(access({ status: 403, reason: 'decision', actor: { kind: 'anonymous' } }), 0)).toMatchObject({
      outcome: 'refused',
      reason: 'decision',
      actor: { kind: 'anonymous' },
    })
  })

  it('trap: CR/LF and ANSI in logged values: they are written out, so that nothing forges a line [ASVS 16.4.1]', () => {
    const entry = accessEntry(
      access({
        route: undefined,
        path: '/api/a%0d%0aforged/\u001b[31m42\u001b[0m/x%1b[2J',
        method: 'GET\r\nX',
        userAgent: 'a\r\n2026-11-22 forged \u001b[2J\u202e',
        actor: { kind: 'subject', id: 'anna\r\n\u001b[1m', session: 's1' },
      }),
      0,
    )
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    expect(JSON.stringify(entry)).not.toMatch(/\\[rn]|\\u001b|[\u0000-\u001f\u202e]/)
    expect(entry.userAgent).toContain('\\x0d\\x0a')
  })

  it('is bounded whatever came in, and never fails', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.constantFrom('/'.repeat(9_000), '%'.repeat(9_000), `/${'a/'.repeat(5_000)}`, '/%e0%a4%a/__proto__'),
    )
    fc.assert(
      fc.property(text, text, fc.option(text, { nil: undefined }), text, (path, method, route, agent) => {
        const entry = accessEntry(access({ path, method, route, userAgent: agent }), 0, readPatterns('p', ['/api/:a/b/:c']))
        expect(JSON.stringify(entry).length).toBeLessThan(8_192)
        expect(entry.resource.type).not.toBe('')
      }),
    )
  })
})

describe('the resource of a request', () => {
  const patterns = readPatterns('patterns', ['/api/users/:user/keys/:key', '/api/reports/latest', '/files/*'])
  it.each([
    // by the pattern that the framework matched, in its own spelling
    ['/api/documents/42', '/api/documents/:id', { route: '/api/documents/:id', type: 'documents', id: '42' }],
    ['/api/documents/42/pages/7', '/api/documents/:id/pages/:page', { route: '/api/documents/:id/pages/:page', type: 'pages', id: '7' }],
    ['/api/documents/42/pages', '/api/documents/:id/pages', { route: '/api/documents/:id/pages', type: 'pages' }],
    ['/api/documents/42', '/api/documents/[id]', { route: '/api/documents/[id]', type: 'documents', id: '42' }],
    ['/api/documents/42', '/api/documents/{id}', { route: '/api/documents/{id}', type: 'documents', id: '42' }],
    // a router that was mounted knows its own end of the path
    ['/api/v1/documents/42', '/documents/:id', { route: '/documents/:id', type: 'documents', id: '42' }],
    // by a configured one
    ['/api/users/anna/keys/k9', undefined, { route: '/api/users/:user/keys/:key', type: 'keys', id: 'k9' }],
    // by guess
    ['/api/v1/documents', undefined, { route: '/api/v1/documents', type: 'documents' }],
    ['/api/documents/42', undefined, { route: '/api/documents/:id', type: 'documents', id: '42' }],
    ['/api/documents/doc_8f3k2m9qd7', undefined, { route: '/api/documents/:id', type: 'documents', id: 'doc_8f3k2m9qd7' }],
    ['/api/documents/0190aaaa-0000-7000-8000-000000000001/pages', undefined, { route: '/api/documents/:id/pages', type: 'pages' }],
    ['/', undefined, { route: '/', type: 'root' }],
  ] as const)('%s by %s', (path, matched, expected) => {
    expect(resourceOf(path, matched, patterns)).toEqual(expected)
  })

  it('hides an id that is a key to something, and shows ids of databases', () => {
    const id = (text: string): string | undefined => resourceOf(`/api/links/${text}`, '/api/links/:token', []).id
    for (const secret of [
      'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N',
      'Xk9-2fQa_7LmNpRs3TuVwY8z',
      'a'.repeat(300),
    ])
      expect(id(secret)).toBe('***')
    for (const plain of [
      '42',
      '0190aaaa-0000-7000-8000-000000000001',
      '507f1f77bcf86cd799439011',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      '123456789012345678901234567890',
      'summer-report-of-the-year',
    ])
      expect(id(plain)).toBe(plain)
    expect(looksSecret('')).toBe(false)
  })

  it('is found in time that does not grow with what an attacker sends', () => {
    const began = performance.now()
    for (let i = 0; i < 200; i++) resourceOf(`/${'a-'.repeat(20_000)}`, undefined, patterns)
    expect(performance.now() - began).toBeLessThan(1_500)
  })

  it('patterns that are none are refused at the start', () => {
    for (const pattern of ['documents', '/a b', '/a?x', `/${'a'.repeat(300)}`])
      expect(() => readPatterns('accessAudit.patterns', [pattern])).toThrow('accessAudit.patterns')
  })
})

describe('the record', () => {
  const setup = (
    over: Partial<AccessAuditOptions> = {},
  ): { audit: ReturnType<typeof createAccessAudit>; batches: AccessEntry[][]; told: string[] } => {
    const batches: AccessEntry[][] = []
    const told: string[] = []
    const audit = createAccessAudit({
      sink: {
        record: async (entries) => {
          batches.push([...entries])
        },
      },
      flushMs: 5,
      report: ({ kind, count }) => told.push(`${kind} ${count}`),
      ...over,
    })
    return { audit, batches, told }
  }

  it('covers /api/ in every spelling that a router takes for it, and nothing else', () => {
    const { audit } = setup()
    for (const path of ['/api/x', '/API/x', '//api/x', '/%61pi/x', '/x/../api/y', '/./api/', '/api;v=1/x', '\\api\\x'])
      expect([path, audit.covers('GET', path)]).toEqual([path, true])
    for (const path of ['/', '/apix', '/x/api/', '/api2/x']) expect([path, audit.covers('GET', path)]).toEqual([path, false])
    // the whole of what is below it
    expect(audit.covers('GET', '/api')).toBe(true)
    expect(setup({ views: false }).audit.covers('GET', '/api/x')).toBe(false)
    expect(setup({ views: false }).audit.covers('DELETE', '/api/x')).toBe(true)
    expect(setup({ paths: ['/'] }).audit.covers('GET', '/anything')).toBe(true)
  })

  it('is written in batches, in the order in which things were done', async () => {
    const { audit, batches } = setup({ batch: 3 })
    for (let i = 0; i < 7; i++) audit.note(access({ path: `/api/documents/${i}` }))
    await audit.close()
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 1])
    expect(batches.flat().map(({ resource }) => resource.id)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    expect(audit.stats()).toEqual({ recorded: 7, waiting: 0, dropped: 0, failed: 0 })
  })

  it('is written soon, also when little happens', async () => {
    const { audit, batches } = setup()
    audit.note(access())
    await wait(50)
    expect(batches).toHaveLength(1)
  })

  it('is tried again when the sink fails, and loses nothing', async () => {
    let tries = 0
    const got: AccessEntry[] = []
    const { audit, told } = setup({
      sink: {
        record: async (entries) => {
          if (++tries === 1) throw new Error('away')
          got.push(...entries)
        },
      },
    })
    audit.note(access())
    await wait(400)
    expect([tries, got.length, audit.stats().dropped]).toEqual([2, 1, 0])
    expect(told).toEqual(['failed 1'])
  })

  it('that finds no room is counted and told, and what waits is bounded', async () => {
    const { audit, told } = setup({ queue: 5, batch: 2, sink: { record: () => new Promise(() => undefined) }, timeoutMs: 20 })
    for (let i = 0; i < 20; i++) audit.note(access())
    expect(audit.stats()).toMatchObject({ waiting: 5, dropped: 15 })
    expect(told.filter((one) => one === 'dropped 1')).toHaveLength(15)
    await audit.close()
    expect(audit.stats()).toMatchObject({ waiting: 0, dropped: 20 })
  })

  it('in block mode holds the answer until it is written, and says whether it was', async () => {
    const { audit, batches } = setup({ mode: 'block' })
    expect(audit.holds).toBe(true)
    expect(await audit.write(access())).toBe(true)
    expect(batches).toHaveLength(1)
    const broken = { record: async (): Promise<void> => Promise.reject(new Error('away')) }
    expect(await setup({ mode: 'block', sink: broken }).audit.write(access())).toBe(false)
    expect(await setup({ mode: 'block', sink: broken, onFailure: 'allow' }).audit.write(access())).toBe(true)
    const slow = setup({ mode: 'block', sink: { record: () => new Promise(() => undefined) }, timeoutMs: 20 })
    expect(await slow.audit.write(access())).toBe(false)
    expect(slow.told).toEqual(['failed 1'])
  })

  it('never breaks a request: not by a sink that throws, nor by a listener that does', async () => {
    const { audit } = setup({
      sink: {
        record: () => {
          throw new Error('at once')
        },
      },
      report: () => {
        throw new Error('listener')
      },
    })
    expect(() => audit.note(access())).not.toThrow()
    await expect(audit.write(access())).resolves.toBe(false)
    await audit.close()
  })

  it.each<[Record<string, unknown>, string]>([
    [{ sink: {} }, 'accessAudit.sink'],
    [{ mode: 'later' }, 'accessAudit.mode'],
    [{ onFailure: 'ignore' }, 'accessAudit.onFailure'],
    [{ paths: ['/api'] }, 'accessAudit.paths'],
    [{ paths: ['/api/*/'] }, 'accessAudit.paths'],
    [{ patterns: ['api/:id'] }, 'accessAudit.patterns'],
    [{ queue: 0 }, 'accessAudit.queue'],
    [{ flushMs: 0 }, 'accessAudit.flushMs'],
    [{ views: 'no' }, 'accessAudit.views'],
    [{ table: 'x' }, 'no option "table"'],
  ])('%j is refused by name', (over, message) => {
    expect(() => createAccessAudit({ sink: { record: nothing }, ...over })).toThrow(message)
  })
})
