import type { Store } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import type { SessionsOptions } from './options.js'
import { createSessions, type Sessions } from './sessions.js'
import type { SessionReport } from './types.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Setup = {
  /** all that is told but that somebody came or went */
  reports: SessionReport[]
  comings: SessionReport[]
  sessions: Sessions
  store: Store
  advance: (ms: number) => void
  replays: string[]
  writes: () => number
}
const setup = (options: Partial<SessionsOptions> = {}): Setup => {
  let now = 1_800_000_000_000
  let writes = 0
  const memory = memoryStore({ clock: () => now })
  const store: Store = options.store ?? {
    ...memory,
    write: async (...call) => {
      writes++
      return memory.write(...call)
    },
  }
  const replays: string[] = []
  const reports: SessionReport[] = []
  const comings: SessionReport[] = []
  const sessions = createSessions({
    clock: () => now,
    onReplay: ({ subject }) => replays.push(subject),
    report: (report) => (report.kind === 'started' || report.kind === 'signed_out' ? comings : reports).push(report),
    ...options,
    store,
  })
  return {
    reports,
    comings,
    sessions,
    store,
    replays,
    writes: () => writes,
    advance: (ms) => {
      now += ms
    },
  }
}
const request = (cookie?: string, agent = 'Firefox'): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => (name === 'cookie' ? cookie?.split(';')[0] : name === 'user-agent' ? agent : undefined),
  peer: '203.0.113.7',
  secure: true,
})
const start = async ({ sessions }: Setup, subject = 'anna', data = {}, carried?: string): Promise<string> => {
  const started = await sessions.start(subject, data, request(carried))
  if (started.kind !== 'started') throw new Error(started.kind)
  return started.cookie
}
const kind = async ({ sessions }: Setup, cookie?: string): Promise<string> => (await sessions.read(request(cookie))).kind
const rotated = async ({ sessions }: Setup, cookie: string, change = {}): Promise<string> => {
  const rotation = await sessions.rotate(request(cookie), change)
  if (rotation.kind !== 'started') throw new Error(rotation.kind)
  return rotation.cookie
}

describe('a session', () => {
  it('signs in with a cookie bound to this host, out of reach of scripts, and knows its subject and data [ASVS 3.3.1, 3.3.2, 3.3.3, 3.3.4]', async () => {
    const s = setup()
    const cookie = await start(s, 'anna', { role: 'user' })
    expect(cookie).toMatch(/^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(await s.sessions.read(request(cookie))).toMatchObject({
      kind: 'active',
      session: { subject: 'anna', data: { role: 'user' }, address: '203.0.113.7', userAgent: 'Firefox' },
    })
  })

  it('is a reference of 256 random bits, kept only as a hash: what is at rest signs nobody in [ASVS 7.2.2, 7.2.3]', async () => {
    const s = setup()
    const seen: string[] = []
    const { store } = s
    const spied = setup({
      store: {
        ...store,
        write: async (key, value, settings) => (seen.push(key, value, settings.group ?? ''), store.write(key, value, settings)),
      },
    })
    const token = (await start(spied)).split(/[=;]/)[1] ?? ''
    expect(token).toHaveLength(43)
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.join('\n')).not.toContain(token)
    const key = seen[0]?.replace('session:', '') ?? ''
    expect(await kind(spied, `__Host-session=${key}`)).toBe('none')
  })

  it('shows nothing in its lists that signs in', async () => {
    const s = setup()
    const token = (await start(s)).split(/[=;]/)[1] ?? ''
    const list = await s.sessions.list('anna')
    expect(list).toHaveLength(1)
    expect(JSON.stringify(list)).not.toContain(token)
  })

  it('takes no cookie, junk and made-up ids for nobody [ASVS 7.2.1]', async () => {
    const s = setup()
    await start(s)
    for (const cookie of [
      undefined,
      '',
      '__Host-session=',
      '__Host-session=x',
      `__Host-session=${'a'.repeat(43)}`,
      `session=${'a'.repeat(43)}`,
      `__Host-session=${'a'.repeat(5000)}`,
      '__Host-session=__proto__',
    ]) {
      expect(await kind(s, cookie)).toBe('none')
    }
  })

  it('ends the session that the sign-in request carried: a planted id is worth nothing [ASVS 7.2.4]', async () => {
    const s = setup()
    const planted = await start(s, 'mallory')
    const own = await start(s, 'anna', {}, planted)
    expect(await kind(s, planted)).toBe('none')
    expect(await kind(s, own)).toBe('active')
    expect(own).not.toBe(planted)
  })

  it('goes on when address and browser change: phones roam, browsers update', async () => {
    const s = setup()
    const cookie = await start(s)
    expect(await s.sessions.read({ ...request(cookie, 'Firefox 145'), peer: '198.51.100.9' })).toMatchObject({ kind: 'active' })
  })

  it('trap: `__proto__` as key: a subject of that name has sessions like any other', async () => {
    const s = setup()
    const cookie = await start(s, '__proto__', { ['__proto__x']: 1 })
    expect(await s.sessions.read(request(cookie))).toMatchObject({ session: { subject: '__proto__' } })
    expect(await s.sessions.list('__proto__')).toHaveLength(1)
  })

  it('refuses data that would fill the store, and a subject without a name', async () => {
    const s = setup()
    await expect(s.sessions.start('anna', { big: 'x'.repeat(20_000) }, request())).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(s.sessions.start('', {}, request())).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })
})

describe('timeouts', () => {
  it('end an unused session after an hour [ASVS 7.3.1]', async () => {
    const s = setup()
    const cookie = await start(s)
    s.advance(HOUR - 1)
    expect(await kind(s, cookie)).toBe('active')
    s.advance(HOUR)
    expect(await kind(s, cookie)).toBe('none')
  })

  it('trap: idle timeout without absolute: a session in use ends after twelve hours all the same [ASVS 7.3.2]', async () => {
    const s = setup()
    const cookie = await start(s)
    for (let minutes = 30; minutes < 12 * 60; minutes += 30) {
      s.advance(30 * MINUTE)
      expect(await kind(s, cookie)).toBe('active')
    }
    s.advance(30 * MINUTE)
    expect(await kind(s, cookie)).toBe('none')
  })

  it('are not stretched by rotation', async () => {
    const s = setup()
    let cookie = await start(s)
    for (let i = 0; i < 23; i++) {
      s.advance(30 * MINUTE)
      cookie = await rotated(s, cookie)
    }
    s.advance(30 * MINUTE)
    expect(await kind(s, cookie)).toBe('none')
  })

  it('do not write to the store with every request', async () => {
    const s = setup()
    const cookie = await start(s)
    const before = s.writes()
    for (let i = 0; i < 59; i++) {
      s.advance(1_000)
      await kind(s, cookie)
    }
    expect(s.writes()).toBe(before)
    s.advance(1_000)
    await kind(s, cookie)
    expect(s.writes()).toBe(before + 1)
  })
})

describe('rotation', () => {
  it('trap: rotation losing data or racing: a new id keeps the data', async () => {
    const s = setup()
    const old = await start(s, 'anna', { cart: [1, 2] })
    const next = await rotated(s, old)
    expect(next).not.toBe(old)
    expect(await s.sessions.read(request(next))).toMatchObject({ kind: 'active', session: { data: { cart: [1, 2] } } })
    expect(await s.sessions.list('anna')).toHaveLength(1)
  })

  it('changes data and the time of proof when told', async () => {
    const s = setup()
    const old = await start(s, 'anna', { role: 'user' })
    s.advance(5 * MINUTE)
    const plain = await rotated(s, old)
    expect(await s.sessions.read(request(plain))).toMatchObject({ session: { authenticatedAt: 1_800_000_000_000 } })
    const stepped = await rotated(s, plain, { data: { role: 'admin' }, authenticated: true })
    expect(await s.sessions.read(request(stepped))).toMatchObject({
      session: { data: { role: 'admin' }, authenticatedAt: 1_800_000_300_000 },
    })
  })

  it('lets requests under way finish with the old id for ten seconds', async () => {
    const s = setup()
    const old = await start(s)
    await rotated(s, old)
    s.advance(9_999)
    expect(await kind(s, old)).toBe('active')
    expect(s.replays).toEqual([])
  })

  it('takes the old id after the grace for theft: everything of that sign-in ends and is reported', async () => {
    const s = setup()
    const other = await start(s)
    const old = await start(s)
    const next = await rotated(s, old)
    s.advance(10_000)
    expect(await s.sessions.read(request(old))).toMatchObject({ kind: 'replayed', session: { subject: 'anna' } })
    expect(await kind(s, next)).toBe('none')
    expect(s.replays).toEqual(['anna'])
    expect(await kind(s, other)).toBe('active')
  })

  it('knows a replayed id for as long as the session could have lived', async () => {
    const s = setup()
    const old = await start(s)
    await rotated(s, old)
    s.advance(11 * HOUR)
    expect(await kind(s, old)).toBe('replayed')
  })

  it('by parallel requests gives one new id, and no second way in', async () => {
    const s = setup()
    const old = await start(s, 'anna', { n: 1 })
    const results = await Promise.all(Array.from({ length: 8 }, () => s.sessions.rotate(request(old))))
    const started = results.filter((result) => result.kind === 'started')
    expect(started.length).toBeGreaterThanOrEqual(1)
    for (const result of results) expect(['started', 'kept']).toContain(result.kind)
    expect(await s.sessions.list('anna')).toHaveLength(1)
    expect(await s.sessions.list('anna')).toMatchObject([{ data: { n: 1 } }])
  })

  it('trap: rotation losing data or racing: what the loser of a race changes is kept too', async () => {
    const s = setup()
    const old = await start(s, 'anna', { n: 1 })
    const changes = [{ data: { n: 2 } }, { authenticated: true }, { factors: ['totp'] }, { factors: ['passkey'] }, {}, {}]
    s.advance(MINUTE)
    const results = await Promise.all(changes.map((change) => s.sessions.rotate(request(old), change)))
    for (const result of results) expect(['started', 'kept']).toContain(result.kind)
    const [session, ...more] = await s.sessions.list('anna')
    expect(more).toEqual([])
    expect(session).toMatchObject({ data: { n: 2 }, authenticatedAt: 1_800_000_060_000 })
    expect(session?.factors.map(({ factor }) => factor).toSorted()).toEqual(['passkey', 'totp'])
    // whichever answer the browser took, it is signed in, and so is who still sends the old id for ten seconds
    expect(await kind(s, old)).toBe('active')
    for (const { cookie } of results.filter((result) => result.kind === 'started')) expect(await kind(s, cookie)).toBe('active')
  })

  it('of nobody is nothing', async () => {
    const s = setup()
    expect(await s.sessions.rotate(request())).toEqual({ kind: 'none' })
  })
})

describe('ending', () => {
  it('at logout clears what the browser holds and lets nothing be stored [ASVS 7.4.1, 14.3.1]', async () => {
    const s = setup()
    const cookie = await start(s)
    const ended = await s.sessions.end(request(cookie))
    expect(ended.kind).toBe('ended')
    const headers = new Map(ended.headers)
    expect(headers.get('Set-Cookie')).toBe('__Host-session=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('Clear-Site-Data')).toBe('"cache", "storage"')
    expect(await kind(s, cookie)).toBe('none')
  })

  it("leaves the device cookie alone: it holds the user's own budget at sign-in", async () => {
    const s = setup()
    expect(JSON.stringify((await s.sessions.end(request())).headers)).not.toContain('"cookies"')
  })

  it('also ends a session through an id in its grace', async () => {
    const s = setup()
    const old = await start(s)
    const next = await rotated(s, old)
    await s.sessions.end(request(old))
    expect(await kind(s, next)).toBe('none')
    expect(await kind(s, old)).toBe('none')
  })

  it('ends a session that a parallel request rotates in the middle of it', async () => {
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    let meanwhile: (() => Promise<void>) | undefined
    const store: Store = {
      ...memory,
      list: async (group) => {
        const listed = await memory.list(group)
        const work = meanwhile
        meanwhile = undefined
        // after the list was read, before anything of it is removed
        await work?.()
        return listed
      },
    }
    for (const way of ['end', 'revoke', 'start'] as const) {
      const s = setup({ store })
      const cookie = await start(s, 'anna')
      const id = (await s.sessions.list('anna'))[0]?.id ?? ''
      let successor = ''
      const race = async (): Promise<void> => {
        successor = await rotated(s, cookie)
      }
      meanwhile = race
      if (way === 'end') await s.sessions.end(request(cookie))
      else if (way === 'revoke') await s.sessions.revoke('anna', id)
      else await s.sessions.start('bert', {}, request(cookie))
      expect(successor).not.toBe('')
      expect([way, await kind(s, successor)]).toEqual([way, 'none'])
    }
  })

  it('says that it is not done when the session changes without end', async () => {
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    const s = setup({ store: { ...memory, remove: async () => undefined } })
    const cookie = await start(s)
    expect((await s.sessions.end(request(cookie))).kind).toBe('degraded')
  })

  it('of all sessions ends all of one subject and of no other [ASVS 7.4.2, 7.4.5]', async () => {
    const s = setup()
    const cookies = [await start(s), await start(s)]
    const other = await start(s, 'anna2')
    expect(await s.sessions.endAll('anna')).toBe(2)
    for (const cookie of cookies) expect(await kind(s, cookie)).toBe('none')
    expect(await kind(s, other)).toBe('active')
    expect(await s.sessions.endAll('anna')).toBe(0)
  })

  it('of one by its public id, only for its own subject [ASVS 7.5.2]', async () => {
    const s = setup()
    const cookie = await start(s)
    const id = (await s.sessions.list('anna'))[0]?.id ?? ''
    expect(await s.sessions.revoke('mallory', id)).toBe(false)
    expect(await kind(s, cookie)).toBe('active')
    expect(await s.sessions.revoke('anna', id)).toBe(true)
    expect(await kind(s, cookie)).toBe('none')
  })
})

describe('a change of credentials', () => {
  it('ends every other session and keeps the one that made it, under every id that the others have had [ASVS 7.4.3]', async () => {
    const s = setup()
    const mine = await start(s)
    const keep = (await s.sessions.list('anna'))[0]?.id ?? ''
    const other = await start(s)
    const next = await rotated(s, other)
    const bert = await start(s, 'bert')
    expect(await s.sessions.credentialChanged('anna', { keep })).toBe(1)
    expect(await kind(s, mine)).toBe('active')
    for (const gone of [other, next]) expect(await kind(s, gone)).toBe('none')
    expect(await kind(s, bert)).toBe('active')
    expect(s.reports).toMatchObject([
      { kind: 'revoked', subject: 'anna', reason: 'credential_changed', ids: [expect.any(String) as string] },
    ])
  })

  it('without one to keep ends all of them', async () => {
    const s = setup()
    const cookies = [await start(s), await start(s)]
    expect(await s.sessions.credentialChanged('anna')).toBe(2)
    for (const cookie of cookies) expect(await kind(s, cookie)).toBe('none')
    expect(s.reports[0]).toMatchObject({ reason: 'credential_changed' })
  })

  it('ends a session that a parallel request rotates in the middle of it', async () => {
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    let meanwhile: (() => Promise<void>) | undefined
    const store: Store = {
      ...memory,
      remove: async (key) => {
        const work = meanwhile
        meanwhile = undefined
        await work?.()
        await memory.remove(key)
      },
    }
    const s = setup({ store })
    const mine = await start(s)
    const keep = (await s.sessions.list('anna'))[0]?.id ?? ''
    const other = await start(s)
    let successor = ''
    meanwhile = async () => {
      successor = await rotated(s, other)
    }
    await s.sessions.endOthers('anna', keep)
    expect(successor).not.toBe('')
    expect(await kind(s, successor)).toBe('none')
    expect(await kind(s, mine)).toBe('active')
  })
})

describe('what is told', () => {
  it('names the public id and never the cookie, for every way in which a session ends but sign-out', async () => {
    const s = setup({ maxPerSubject: 2 })
    const cookies = [await start(s), await start(s), await start(s)]
    const [session] = await s.sessions.list('anna')
    await s.sessions.revoke('anna', session?.id ?? '')
    await s.sessions.endAll('anna')
    await s.sessions.end(request(await start(s)))
    const old = await start(s)
    await rotated(s, old)
    s.advance(20_000)
    await kind(s, old)
    expect(s.reports.map((report) => (report.kind === 'revoked' ? report.reason : report.kind))).toEqual([
      'too_many',
      'revoked',
      'revoked',
      'replayed',
    ])
    expect(s.comings.map(({ kind: what }) => what)).toEqual(['started', 'started', 'started', 'started', 'signed_out', 'started'])
    expect(s.comings[0]).toMatchObject({ subject: 'anna', id: expect.any(String) })
    const told = JSON.stringify([s.reports, s.comings])
    for (const cookie of cookies) expect(told).not.toContain(cookie.split(/[=;]/)[1])
  })

  it('by a listener that throws changes nothing', async () => {
    const s = setup({
      report: () => {
        throw new Error('listener')
      },
    })
    await start(s)
    expect(await s.sessions.endAll('anna')).toBe(1)
  })
})

describe('the cap', () => {
  it('ends the session unused for longest when an eleventh starts', async () => {
    const s = setup()
    const cookies: string[] = []
    for (let i = 0; i < 10; i++) {
      cookies.push(await start(s))
      s.advance(1_000)
    }
    s.advance(5 * MINUTE)
    await kind(s, cookies[0])
    await start(s)
    expect(await kind(s, cookies[0])).toBe('active')
    expect(await kind(s, cookies[1])).toBe('none')
    expect(await s.sessions.list('anna')).toHaveLength(10)
  })
})

describe('a store that does not answer', () => {
  const broken: Store = {
    read: () => Promise.reject(new Error('down')),
    write: () => Promise.reject(new Error('down')),
    remove: () => Promise.reject(new Error('down')),
    list: () => Promise.reject(new Error('down')),
    removeGroup: () => Promise.reject(new Error('down')),
  }

  it('is degraded: neither signed in nor signed out [ASVS 16.5.2, 16.5.3]', async () => {
    const { sessions } = setup({ store: broken })
    const cookie = `__Host-session=${'a'.repeat(43)}`
    expect(await sessions.read(request(cookie))).toEqual({ kind: 'degraded', reason: 'the session store does not answer' })
    expect(await sessions.start('anna', {}, request())).toMatchObject({ kind: 'degraded' })
    expect(await sessions.rotate(request(cookie))).toMatchObject({ kind: 'degraded' })
    await expect(sessions.endAll('anna')).rejects.toThrow('down')
  })

  it('still clears the cookie at logout, and says that the rest is not done', async () => {
    const { sessions } = setup({ store: broken })
    const ended = await sessions.end(request(`__Host-session=${'a'.repeat(43)}`))
    expect(ended.kind).toBe('degraded')
    expect(new Map(ended.headers).get('Set-Cookie')).toContain('Max-Age=0')
  })

  it('that fails only while use is noted does not sign anybody out', async () => {
    const good = setup()
    const cookie = await start(good)
    const readOnly = setup({
      store: { ...good.store, write: () => Promise.reject(new Error('read only')) },
      clock: () => 1_800_000_000_000 + 5 * MINUTE,
    })
    expect(await kind(readOnly, cookie)).toBe('active')
  })

  it('and one that holds junk is nobody', async () => {
    const { sessions } = setup({ store: { ...broken, read: async () => ({ value: '{"kind":', version: '1' }) } })
    expect(await sessions.read(request(`__Host-session=${'a'.repeat(43)}`))).toEqual({ kind: 'none' })
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ idleMs: 0 }, 'session.idleMs'],
    [{ idleMs: 13 * HOUR }, 'session.idleMs'],
    [{ absoluteMs: -1 }, 'session.absoluteMs'],
    [{ graceMs: 120_000 }, 'session.graceMs'],
    [{ maxPerSubject: 0 }, 'session.maxPerSubject'],
    [{ cookie: { name: '__Host-x' } }, 'session.cookie.name'],
    [{ cookie: { name: 'a;b' } }, 'session.cookie.name'],
    [{ cookie: { sameSite: 'none' } }, 'session.cookie.sameSite'],
    [{ cookie: { domain: 'example.com' } }, 'session.cookie has no option "domain"'],
    [{ store: undefined }, 'session.store'],
    [{ ttl: 5 }, 'session has no option "ttl"'],
  ])('%j is refused at start, by name', (options, message) => {
    expect(() => createSessions({ store: memoryStore(), ...options })).toThrow(message)
  })

  it('use a plain cookie name on plain http and keep the idle time within the absolute one', async () => {
    const s = setup({ cookie: { secure: false, sameSite: 'strict' }, absoluteMs: 10 * MINUTE })
    expect(await start(s)).toMatch(/^session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(s.sessions.cookieName).toBe('session')
    expect(s.sessions.cookieFor('x')).toContain('session=x;')
  })
})
