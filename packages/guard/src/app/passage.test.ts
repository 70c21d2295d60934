import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { Access, AccessAudit } from '../access-audit/access-audit.js'
import { readRoutes } from '../enforcement/routes.js'
import { createHeaders } from '../headers/headers.js'
import type { Case } from './case.js'
import { createCounts } from './counts.js'
import { HERE, request } from './fixtures/world.js'
import { createOneAddress } from './one-address.js'
import { createEntrance } from './passage.js'
import { csrfRefusal, errorRefusal, owedRefusal, type Refusal } from './refusal.js'
import type { Passage } from './types.js'

const KNOWN = { kind: 'known', address: HERE, key: HERE } as const

type Over = {
  readonly judge?: (c: Case) => Promise<void> | undefined
  readonly audit?: Partial<AccessAudit>
  readonly requestEvents?: boolean
  readonly listens?: boolean
}
const entering = (
  over: Over = {},
): {
  enter: (headers?: Record<string, string>, url?: string) => Promise<Passage>
  events: SecurityEvent[]
  noted: Access[]
  told: string[]
  released: () => number
  counts: ReturnType<typeof createCounts>
} => {
  const events: SecurityEvent[] = []
  const noted: Access[] = []
  const told: string[] = []
  let released = 0
  const counts = createCounts()
  const audit: AccessAudit | undefined =
    over.audit === undefined
      ? undefined
      : {
          holds: false,
          covers: () => true,
          note: (access) => noted.push(access),
          write: async () => true,
          stats: () => ({ recorded: 0, waiting: 0, dropped: 0, failed: 0 }),
          close: async () => {},
          ...over.audit,
        }
  const { enter } = createEntrance({
    judge:
      over.judge ??
      ((c) => {
        c.client = KNOWN
        return undefined
      }),
    headers: createHeaders('app', {}),
    clock: () => 1_800_000_000_000,
    random: (bytes) => new Uint8Array(bytes).fill(7),
    settings: { logins: readRoutes('loginRoutes', ['POST /login']), requestEvents: over.requestEvents ?? true },
    masker: undefined,
    counts,
    audit,
    release: () => {
      released++
    },
    oneAddress: createOneAddress({ development: false }),
    emit: over.listens === false ? undefined : (event) => events.push(event),
    tell: (code) => told.push(code),
  })
  return {
    enter: async (headers = {}, url = '/api/x?y=1') => enter(request({ url }, headers), () => undefined),
    events,
    noted,
    told,
    released: () => released,
    counts,
  }
}
const refusing =
  (refusal: Refusal): ((c: Case) => undefined) =>
  (c) => {
    c.client = KNOWN
    c.refusal = refusal
    return undefined
  }

describe('what goes on an answer', () => {
  it('is every security header, each once, and what this request needs beside them', async () => {
    const { enter } = entering({
      judge: (c) => {
        c.headers.push(['RateLimit', 'x'], ['Set-Cookie', 'a'], ['Set-Cookie', 'b'])
        return undefined
      },
    })
    const { headers } = await enter()
    const names = headers.map(([name]) => name)
    expect(names.filter((name) => name === 'Set-Cookie')).toHaveLength(2)
    const once = names.filter((name) => name !== 'Set-Cookie')
    expect(new Set(once).size).toBe(once.length)
    for (const name of ['Content-Security-Policy', 'Strict-Transport-Security', 'X-Content-Type-Options', 'RateLimit'])
      expect(once).toContain(name)
  })

  it('is one list for all requests that need nothing more', async () => {
    const { enter } = entering()
    expect((await enter()).headers).toBe((await enter()).headers)
  })

  it('of a refusal takes the place of what is said of every answer, and cookies stay beside each other', async () => {
    const own: Refusal = {
      ...owedRefusal('challenge', ''),
      headers: [
        ['Content-Security-Policy', "default-src 'none'"],
        ['Set-Cookie', 'c'],
      ],
    }
    const { enter } = entering({
      judge: (c) => {
        c.headers.push(['Set-Cookie', 'a'])
        c.refusal = own
        return undefined
      },
    })
    const { headers } = await enter()
    expect(headers.filter(([name]) => name === 'Content-Security-Policy')).toEqual([['Content-Security-Policy', "default-src 'none'"]])
    expect(headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)).toEqual(['a', 'c'])
    expect(headers.some(([name]) => name === 'X-Content-Type-Options')).toBe(true)
  })
})

describe('what is told of an answer', () => {
  it('is one event with the status that was sent', async () => {
    const e = entering()
    const passage = await e.enter()
    expect(e.events).toEqual([])
    passage.done(404)
    expect(e.events).toMatchObject([
      { 'url.path': '/api/x', 'url.query': 'y=1', 'http.response.status_code': 404, 'event.outcome': 'failure' },
    ])
    expect(e.released()).toBe(1)
  })

  it('is made only where somebody listens', async () => {
    const e = entering({ listens: false })
    const passage = await e.enter()
    passage.done(200)
    expect([e.events.length, e.released()]).toEqual([0, 1])
  })

  it('is a refusal, something watched or something done in any case', async () => {
    const quiet = { requestEvents: false }
    const plain = entering(quiet)
    ;(await plain.enter()).done(200)
    expect(plain.events).toEqual([])
    const refused = entering({ ...quiet, judge: refusing(csrfRefusal('cross_site', '')) })
    ;(await refused.enter()).done(403)
    expect(refused.events[0]?.['event.reason']).toBe('csrf')
    const watched = entering({
      ...quiet,
      judge: (c) => {
        c.watched = csrfRefusal('cross_site', '')
        return undefined
      },
    })
    ;(await watched.enter()).done(200)
    expect(watched.events[0]?.['event.reason']).toBe('csrf_observed')
    const acted = entering({
      ...quiet,
      judge: (c) => {
        c.acted = { reason: 'suspended', decisionId: 'd1' }
        return undefined
      },
    })
    ;(await acted.enter()).done(200)
    expect(acted.events[0]).toMatchObject({ 'event.reason': 'suspended', 'parapet.decision': 'd1' })
  })

  it('is counted by what became of it', async () => {
    const ok = entering()
    await ok.enter()
    expect(ok.counts.snapshot()).toMatchObject({ requests: 1, allowed: 1, refused: {} })
    const served = entering({ judge: refusing({ ...errorRefusal(''), status: 204, bare: true, reason: 'csp_report' }) })
    await served.enter()
    expect(served.counts.snapshot()).toMatchObject({ requests: 1, allowed: 1, refused: {} })
    const led = entering({ judge: refusing({ ...owedRefusal('mfa', ''), status: 303, bare: true }) })
    await led.enter()
    expect(led.counts.snapshot()).toMatchObject({ allowed: 0, refused: { mfa: 1 } })
  })
})

describe('the access record of an answer', () => {
  it('is put down once, with the pattern that the framework matched', async () => {
    const e = entering({ audit: {} })
    const passage = await e.enter({ 'user-agent': 'Firefox' })
    passage.done(200, '/api/:what')
    expect(e.noted).toEqual([
      {
        id: passage.context.id,
        method: 'GET',
        path: '/api/x',
        status: 200,
        route: '/api/:what',
        actor: { kind: 'anonymous' },
        address: HERE,
        userAgent: 'Firefox',
        reason: undefined,
      },
    ])
  })

  it('that was written before the answer is not put down again', async () => {
    const written: Access[] = []
    const e = entering({
      audit: {
        holds: true,
        write: async (access) => {
          written.push(access)
          return true
        },
      },
    })
    const passage = await e.enter()
    expect(await passage.hold?.({ status: 201, route: '/api/:what' })).toBeUndefined()
    passage.done(201)
    expect([written.length, e.noted.length]).toEqual([1, 0])
    expect(written[0]).toMatchObject({ status: 201, route: '/api/:what' })
  })

  it('that could not be written holds the answer back', async () => {
    const e = entering({ audit: { holds: true, write: async () => false } })
    expect(await (await e.enter()).hold?.({ status: 200 })).toMatchObject({ status: 503, reason: 'access_audit' })
    expect(e.told).toEqual(['access_records_lost'])
  })

  it('of what was refused is put down with its reason, and nothing waits for it', async () => {
    const e = entering({ audit: { holds: true }, judge: refusing(csrfRefusal('cross_site', '')) })
    const passage = await e.enter()
    expect(passage.hold).toBeUndefined()
    passage.done(403)
    expect(e.noted).toMatchObject([{ reason: 'csrf', status: 403 }])
  })

  it('says that nobody knows who it was while sessions cannot be read', async () => {
    const e = entering({
      audit: {},
      judge: (c) => {
        c.session = { kind: 'degraded', reason: 'away' }
        return undefined
      },
    })
    ;(await e.enter()).done(200)
    expect(e.noted[0]?.actor).toEqual({ kind: 'unknown' })
  })

  it('is not kept of what it does not cover', async () => {
    const e = entering({ audit: { holds: true, covers: () => false } })
    const passage = await e.enter()
    passage.done(200)
    expect([e.noted.length, passage.hold]).toEqual([0, undefined])
  })
})

describe('trap: fail-open in a catch block: a judge that fails, at once or later', () => {
  const fails = [
    [
      'at once',
      (): undefined => {
        throw new Error('bug')
      },
    ],
    ['later', (): Promise<void> => Promise.reject(new Error('bug'))],
  ] as const

  it.each(fails)('%s lets nothing through that changes something, and no sign-in', async (_when, judge) => {
    const { enter } = createEntranceOf(judge)
    for (const [method, url, status] of [
      ['GET', '/', 200],
      ['HEAD', '/', 200],
      ['POST', '/', 503],
      ['DELETE', '/a', 503],
      ['POST', '/login', 503],
      ['PROPFIND', '/', 503],
    ] as const)
      expect([method, (await enter(request({ method, url }))).refusal?.status ?? 200]).toEqual([method, status])
  })

  it('later does not take back a refusal, nor forget decisions', async () => {
    const after = createEntranceOf(async (c) => {
      c.refusal = csrfRefusal('cross_site', '')
      throw new Error('bug')
    })
    expect((await after.enter(request())).refusal?.status).toBe(403)
    const decided = createEntranceOf((c) => {
      c.network = [{} as never]
      throw new Error('bug')
    })
    expect((await decided.enter(request())).refusal?.status).toBe(503)
  })

  it('signs nobody in who was recognised before', async () => {
    const { enter } = createEntranceOf(async (c) => {
      c.session = { kind: 'active' } as never
      throw new Error('bug')
    })
    expect((await enter(request())).context.session).toEqual({ kind: 'degraded', reason: 'the guard failed' })
  })

  const createEntranceOf = (
    judge: (c: Case) => Promise<void> | undefined,
  ): { enter: (like: ReturnType<typeof request>) => Promise<Passage> } => {
    const { enter } = createEntrance({
      judge,
      headers: createHeaders('app', {}),
      clock: () => 0,
      random: (bytes) => new Uint8Array(bytes),
      settings: { logins: readRoutes('loginRoutes', ['POST /login']), requestEvents: true },
      masker: undefined,
      counts: createCounts(),
      audit: undefined,
      release: () => undefined,
      oneAddress: createOneAddress({ development: false }),
      emit: undefined,
      tell: () => undefined,
    })
    return { enter: async (like) => enter(like) }
  }
})
