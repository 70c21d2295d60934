import type { SecurityEvent, Store } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { AccessEntry } from '../access-audit/types.js'
import type { GcraPolicy, LimitStore } from '../limiter/types.js'
import type { Notice } from '../notices/types.js'
import { createMfa, fromBase32, memoryFactors, totpCode } from '../mfa/index.js'
import { memoryStore } from '../store/memory-store.js'
import { decide, HERE, request, SECRET, settled, type World, world } from './fixtures/world.js'
import { guardMetrics } from './metrics.js'
import type { GuardOptions } from './options.js'
import type { Passage } from './types.js'

const status = (passage: Passage): number => passage.refusal?.status ?? 200
const actions = (w: World): (string | undefined)[] => w.events.map((event) => event['event.action'])
const last = (w: World, dataset: string): SecurityEvent | undefined => w.events.findLast((event) => event['event.dataset'] === dataset)
const down = async (): Promise<never> => Promise.reject(new Error('down'))
const DOWN: Store = { read: down, write: down, remove: down, list: down, removeGroup: down }

describe('the parts of a guard', () => {
  it('need no promise for a request that needs no store', () => {
    const w = world()
    expect(w.guard.enter(request())).not.toBeInstanceOf(Promise)
    expect(w.guard.enter(request({ method: 'POST', url: '/login' }))).not.toBeInstanceOf(Promise)
    const cookie = `__Host-session=${'x'.repeat(43)}`
    expect(w.guard.enter(request({}, { cookie }))).not.toBeInstanceOf(Promise)
    const memory = memoryStore()
    const elsewhere = world({ store: { ...memory, read: (key) => memory.read(key) } })
    expect(elsewhere.guard.enter(request({}, { cookie: '__Host-session=x' }))).not.toBeInstanceOf(Promise)
    expect(elsewhere.guard.enter(request({}, { cookie }))).toBeInstanceOf(Promise)
  })

  it('say in every event whose it is and what it is labelled', async () => {
    const w = world({ service: 'shop 2', tags: ['production', 'eu-west/1'] })
    await w.go()
    await w.attempt('anna', false)
    w.guard.redirect.safe('//evil.example')
    expect(w.events.length).toBeGreaterThan(1)
    for (const event of w.events) expect(event).toMatchObject({ 'service.name': 'shop 2', tags: ['production', 'eu-west/1'] })
    const plain = world()
    plain.guard.redirect.safe('//evil.example')
    expect(Object.keys(plain.events[0] ?? {})).not.toContain('tags')
  })

  it('redirect to declared places only, and tell of others [ASVS 3.7.2]', () => {
    const w = world({ redirect: { fallback: '/home' } })
    expect(w.guard.redirect.safe('/a')).toBe('/a')
    expect(w.guard.redirect.safe('https://app.example/b')).toBe('https://app.example/b')
    expect(w.guard.redirect.safe('//evil.example')).toBe('/home')
    expect(last(w, 'guard.integrity')).toMatchObject({
      'event.action': 'redirect-refused',
      'event.outcome': 'failure',
      'url.original': '//evil.example',
    })
  })

  it('sign URLs, and tell of one that was changed', async () => {
    const w = world()
    const url = w.guard.url.sign({ url: '/files/1?size=big', expiresInMs: 60_000 })
    expect(await w.guard.url.verify(url)).toMatchObject({ kind: 'valid' })
    expect((await w.guard.url.verify(request({ url: url.replace('big', 'all') }))).kind).toBe('tampered')
    expect(last(w, 'guard.integrity')).toMatchObject({ 'event.action': 'url-tampered', 'source.ip': HERE })
    const once = w.guard.url.sign({ url: '/reset', expiresInMs: 60_000, singleUse: true })
    expect((await w.guard.url.verify(once)).kind).toBe('valid')
    expect((await w.guard.url.verify(once)).kind).toBe('used')
    expect(last(w, 'guard.integrity')).toMatchObject({ 'event.action': 'url-used' })
  })

  it('give out ids that are not in a row, and tell of one that was made up', () => {
    const w = world({ publicIds: { doc: 'integer' } })
    const text = w.guard.id.encode('doc', 42)
    expect(w.guard.id.decode('doc', text)).toEqual({ kind: 'known', id: 42 })
    const forged = `${text.slice(0, -2)}${text.endsWith('00') ? '11' : '00'}`
    expect(w.guard.id.decode('doc', forged)).toMatchObject({ kind: 'unknown' })
    expect(last(w, 'guard.integrity')).toMatchObject({ 'event.action': 'public-id-forged', 'event.reason': 'doc' })
  })

  it('that sign refuse to be used without a keyring or a secret, by name', () => {
    const w = world({ secret: undefined })
    expect(() => w.guard.url).toThrow('guard.url needs keyring or secret')
    expect(() => w.guard.id).toThrow('guard.id needs publicIds')
    expect(() => world({ secret: undefined, publicIds: { doc: 'integer' } })).toThrow('guard.id needs keyring or secret')
    expect('keyring' in w.guard.parts).toBe(false)
    expect(typeof world().guard.parts.keyring.sign).toBe('function')
  })

  it('answer errors, and tell of those that nobody expected [ASVS 16.3.4]', () => {
    const w = world({ errors: { log: () => undefined } })
    const answer = w.guard.errors.answer(new Error('password=hunter2 leaked'), { request: request() })
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('hunter2')
    expect(last(w, 'guard.errors')).toMatchObject({ 'event.action': 'application-error', 'http.response.status_code': 500 })
    const seen = w.events.length
    w.guard.errors.answer(Object.assign(new Error('x'), { status: 404 }), {})
    expect(w.events.length).toBe(seen)
  })

  it('take reports of browsers about the policy themselves, and answer them all alike [ASVS 3.4.7]', async () => {
    const w = world({ reports: { path: '/csp-reports' } })
    const send = (body: string | undefined, over: Record<string, string> = {}): Promise<Passage> => {
      const headers = { 'content-type': 'application/csp-report', ...over }
      return w.go(
        {
          ...request({ method: 'POST', url: '/csp-reports' }, headers),
          body: async () => (body === undefined ? undefined : Buffer.from(body)),
        },
        headers,
      )
    }
    expect((await w.go()).headers.find(([name]) => name === 'Content-Security-Policy')?.[1]).toContain('report-uri /csp-reports')
    const report = JSON.stringify({
      'csp-report': {
        'document-uri': 'https://app.example/a?token=x',
        'violated-directive': 'script-src',
        'effective-directive': 'script-src',
        'blocked-uri': 'https://evil.example/x.js',
        disposition: 'enforce',
      },
    })
    for (const body of [report, 'junk', undefined, '']) {
      const { refusal } = await send(body)
      expect([refusal?.status, refusal?.bare, refusal?.reason]).toEqual([204, true, 'csp_report'])
    }
    expect(last(w, 'guard.csp')).toMatchObject({ 'event.action': 'csp-violation', 'parapet.blocked': 'https://evil.example/x.js' })
    expect(JSON.stringify(last(w, 'guard.csp'))).not.toContain('token')
    // also from another site, which browsers do: it changes nothing
    expect(status(await send(report, { 'sec-fetch-site': 'cross-site' }))).toBe(204)
    expect(w.guard.status().counts.refused).toEqual({})
    expect(status(await w.go({ url: '/csp-reports' }))).toBe(200)
    await w.guard.close()
  })

  it('are handed to parts outside, which report back through the guard', () => {
    const sent: Notice[] = []
    const w = world({ onNotice: (notice) => sent.push(notice) })
    const { report } = w.guard.parts
    const enrolled = { kind: 'enrolled', at: w.now(), subject: 'anna', factor: { kind: 'totp', name: 'my phone' } }
    report(enrolled)
    report({ ...enrolled, kind: 'removed' })
    report({ kind: 'refused', at: w.now(), subject: 'anna' })
    const used = { kind: 'verified', at: w.now(), subject: 'anna', factor: { kind: 'recovery_code' } }
    report(used)
    expect(w.events.map((event) => [event['event.action'], event['event.outcome']])).toEqual([
      ['factor-enrolled', 'success'],
      ['factor-removed', 'success'],
      ['factor-refused', 'failure'],
      ['factor-verified', 'success'],
    ])
    expect(sent.filter(({ audience }) => audience === 'user').map(({ kind }) => kind)).toEqual([
      'factor_added',
      'factor_removed',
      'recovery_code_used',
    ])
    expect(sent[0]?.mail.text).toContain('my phone')
    expect(w.guard.parts.cookie).toEqual({ secure: true })
  })
})

describe('second factors beside the guard', () => {
  it('are built from its parts, and satisfy what a decision asks of a session', async () => {
    const w = world({ publicOrigins: ['http://localhost:3000'] })
    const factors = memoryFactors()
    const mfa = createMfa({ ...w.guard.parts, issuer: 'Example', factors })
    const { cookie } = await w.signIn()
    const about = { request: request({}, { cookie }) }
    const begun = await mfa.begin('anna', { ...about, account: 'anna' })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const code = (): string =>
      totpCode(fromBase32(begun.secret) ?? new Uint8Array(), Math.floor(w.now() / 30_000), { algorithm: 'SHA1', digits: 6 })
    expect((await mfa.confirm('anna', { ...about, enrolment: begun.enrolment, code: code() })).kind).toBe('enrolled')
    expect(actions(w)).toContain('factor-enrolled')
    w.advance(60_000)
    w.guard.decisions.apply(decide(w.now(), { action: 'require_mfa', target: { kind: 'user', value: 'anna' } }))
    w.advance(60_000)
    expect((await w.go({}, { cookie })).refusal?.reason).toBe('mfa')
    // a flagged session shows what it has, and enrols nothing new
    expect((await mfa.begin('anna', { ...about, account: 'anna' })).kind).toBe('refused')
    const shown = await mfa.stepUp(request({}, { cookie }), { code: code() })
    if (shown.kind !== 'ok') throw new Error(shown.kind)
    const fresh = shown.cookies.map((one) => one.split(';')[0]).join('; ')
    expect((await w.go({}, { cookie: fresh })).refusal).toBeUndefined()
  })
})

describe('notices', () => {
  const telling = (over: Partial<GuardOptions> = {}): { w: World; kinds: () => string[]; sent: Notice[] } => {
    const sent: Notice[] = []
    const w = world({ onNotice: (notice) => sent.push(notice), notices: { site: 'Example', administrators: false }, ...over })
    return { w, sent, kinds: () => sent.map(({ kind, subject }) => `${kind} ${subject}`) }
  }

  it('tell of a sign-in from a new device, and not of one from a known one [ASVS 6.3.5]', async () => {
    const { w, kinds } = telling()
    const first = await w.attempt('anna')
    await settled()
    expect(kinds()).toEqual(['new_device anna'])
    w.advance(3_600_000)
    await w.attempt('anna', true, { cookie: first.kind === 'ok' ? (first.cookies[0]?.split(';')[0] ?? '') : '' })
    await settled()
    expect(kinds()).toHaveLength(1)
  })

  it('tell of a sign-in from another country once, instead of the device', async () => {
    const { w, kinds, sent } = telling()
    await w.attempt('anna')
    await settled()
    await w.attempt('anna', true, { peer: '198.51.100.9' })
    await settled()
    expect(kinds()).toEqual(['new_device anna', 'new_country anna'])
    expect(sent[1]?.mail.text).toMatch(/Country: +FR/)
  })

  it('tell the owner when strangers locked his name, and nobody of a name that does not exist [ASVS 6.3.7]', async () => {
    const { w, kinds } = telling()
    for (let i = 0; i < 8; i++) await w.attempt('anna', false, { peer: `192.0.2.${i}` })
    await settled()
    expect(kinds()).toEqual(['locked_out anna'])
    const { UNKNOWN_SUBJECT } = await import('../login/login.js')
    for (let i = 0; i < 8; i++)
      await w.guard.login.attempt(
        { subject: 'nobody', method: 'password', request: request({ method: 'POST', url: '/login', peer: `192.0.2.${100 + i}` }) },
        () => UNKNOWN_SUBJECT,
      )
    await settled()
    expect(kinds()).toEqual(['locked_out anna'])
  })

  it('tell of a changed password, a stolen session and a suspended account [ASVS 7.4.3]', async () => {
    const { w, kinds } = telling()
    await w.guard.passwordChanged('anna', request({}, { 'user-agent': 'Firefox' }))
    const { cookie } = await w.signIn('bert')
    await w.guard.sessions.rotate(request({}, { cookie }))
    w.advance(11_000)
    await w.go({}, { cookie })
    w.guard.decisions.apply(decide(w.now(), { action: 'suspend', target: { kind: 'user', value: 'carl' } }))
    await settled()
    expect(kinds()).toEqual(['password_changed anna', 'session_hijack bert', 'suspended carl'])
    expect(last(w, 'guard.credentials')).toMatchObject({ 'event.action': 'password-changed', 'user.id': 'anna' })
  })

  it('that cannot be sent let everybody in who may in', async () => {
    const { w } = telling({ onNotice: () => Promise.reject(new Error('no mail')), store: DOWN })
    expect(w.guard.notices.stats().failed).toBe(0)
    const ok = telling({
      onNotice: () => {
        throw new Error('no mail')
      },
    })
    expect((await ok.w.attempt('anna')).kind).toBe('ok')
    await settled()
    expect(ok.w.guard.status().notices.failed).toBe(1)
  })
})

describe('the access record', () => {
  it('holds what was done and what was refused, with the pattern of the route, for /api/ alone', async () => {
    const entries: AccessEntry[] = []
    const w = world({
      accessAudit: {
        sink: {
          record: async (batch) => {
            entries.push(...batch)
          },
        },
      },
    })
    const { cookie } = await w.signIn()
    ;(await w.go({ url: '/api/documents/42?token=secret' }, { cookie })).done(200, '/api/documents/:id')
    ;(await w.go({ url: '/home' }, { cookie })).done(200)
    const refused = await w.go({ method: 'DELETE', url: '/api/documents/42' }, { cookie, origin: 'https://evil.example' })
    refused.done(status(refused))
    await w.guard.close()
    expect(entries).toMatchObject([
      {
        action: 'view',
        actor: { kind: 'subject', id: 'anna' },
        resource: { type: 'documents', id: '42' },
        outcome: 'success',
        address: HERE,
      },
      { action: 'delete', outcome: 'refused', reason: 'csrf', status: 403 },
    ])
    expect(JSON.stringify(entries)).not.toContain('secret')
    expect(w.guard.status().accessAudit).toMatchObject({ recorded: 2, dropped: 0 })
  })

  it('goes up as events where the application keeps none', async () => {
    const w = world({ accessAudit: {} })
    ;(await w.go({ method: 'POST', url: '/api/documents' }, {})).done(201)
    await w.guard.close()
    expect(last(w, 'guard.access')).toMatchObject({ 'event.action': 'resource-create', 'parapet.resource': 'documents' })
  })

  it('in block mode holds the answer back, and replaces it when the record could not be written', async () => {
    let away = false
    const entries: AccessEntry[] = []
    const w = world({
      accessAudit: {
        mode: 'block',
        sink: {
          record: async (batch) => {
            if (away) throw new Error('away')
            entries.push(...batch)
          },
        },
      },
    })
    const passage = await w.go({ url: '/api/documents/42' })
    expect(await passage.hold?.({ status: 200, route: '/api/documents/:id' })).toBeUndefined()
    passage.done(200)
    expect(entries).toHaveLength(1)
    away = true
    expect(await (await w.go({ url: '/api/documents/42' })).hold?.({ status: 200 })).toMatchObject({ status: 503, reason: 'access_audit' })
    expect(w.diagnostics.map(({ code }) => code)).toContain('access_records_lost')
    expect((await w.go({ url: '/home' })).hold).toBeUndefined()
    w.guard.decisions.apply(decide(w.now()))
    expect((await w.go({ url: '/api/x' })).hold).toBeUndefined()
    expect((await world({ accessAudit: {} }).go({ url: '/api/x' })).hold).toBeUndefined()
  })
})

describe('trap: nonce cached', () => {
  type Headers = readonly (readonly [string, string])[]
  const late = (w: World, headers: Record<string, string> = {}): { passage: Passage; set: Headers[] } => {
    const set: Headers[] = []
    const passage = w.guard.enter(request({}, headers), (given) => set.push(given))
    if (passage instanceof Promise) throw new Error('a promise')
    return { passage, set }
  }
  const of = (headers: Headers, name: string): string | undefined => headers.find(([key]) => key === name)?.[1]

  it('an answer whose page has a nonce in it is never kept by a cache; one without may be', () => {
    const w = world()
    const { passage, set } = late(w)
    expect(of(passage.headers, 'Content-Security-Policy')).not.toContain('nonce-')
    expect(of(passage.headers, 'Cache-Control')).toBeUndefined()
    expect(set).toEqual([])
    const { nonce } = passage.context
    expect(passage.context.nonce).toBe(nonce)
    expect(set).toHaveLength(1)
    expect(of(set[0] ?? [], 'Content-Security-Policy')).toContain(`'nonce-${nonce}'`)
    expect(of(set[0] ?? [], 'Cache-Control')).toBe('no-store')
  })

  it('no two answers have the same, not even for one client', () => {
    const w = world()
    const nonces = Array.from({ length: 50 }, () => late(w).passage.context.nonce)
    expect(new Set(nonces).size).toBe(50)
  })

  it('a page of the guard has its own, and none of the application’s', () => {
    const w = world({ challenge: { bits: 8 } })
    w.guard.decisions.apply(decide(w.now(), { action: 'challenge' }))
    const { passage, set } = late(w, { accept: 'text/html' })
    expect(set).toEqual([])
    const own = /'nonce-([^']+)'/.exec(of(passage.headers, 'Content-Security-Policy') ?? '')?.[1]
    expect(passage.refusal?.html).toContain(`<script nonce="${own}">`)
    expect(passage.context.nonce).not.toBe(own)
  })

  it('a context that is put into another object still knows its request', () => {
    const { passage } = late(world())
    const wider = Object.assign(Object.create(passage.context) as typeof passage.context, { more: 1 })
    expect([wider.id, wider.nonce]).toEqual([passage.context.id, passage.context.nonce])
  })
})

describe('when a store is away', () => {
  const limits = (fails: () => boolean): LimitStore => {
    const { limits: real } = memoryStore()
    return {
      shared: true,
      take: async (...args) => (fails() ? down() : real.take(...args)),
      give: async (...args) => (fails() ? down() : real.give(...args)),
      forget: async (...args) => (fails() ? down() : real.forget(...args)),
    }
  }
  const sharing = (policy: Pick<GcraPolicy, 'onOutage'>, fails: () => boolean): World =>
    world({
      store: Object.assign(memoryStore(), { limits: limits(fails) }),
      limits: { anonymous: { limit: 2, windowMs: 60_000, ...policy } },
    })

  it('limits are counted in the shared store while it is there', async () => {
    const w = sharing({}, () => false)
    expect(w.guard.enter(request())).toBeInstanceOf(Promise)
    expect([status(await w.go()), status(await w.go())]).toEqual([200, 429])
    expect(w.guard.status().counts).toMatchObject({ refused: { limited: 1 }, degraded: {} })
  })

  it.each([
    ['closed', [503, 503, 503]],
    ['local', [200, 200, 429]],
    ['open', [200, 200, 200]],
  ] as const)(
    'a limit that is declared %s does what it declares, and says so in an event and a count [ASVS 16.5.2]',
    async (onOutage, expected) => {
      const w = sharing({ onOutage }, () => true)
      const seen: number[] = []
      for (let i = 0; i < 3; i++) seen.push(status(await w.go()))
      expect(seen).toEqual(expected)
      expect(w.guard.status().counts.degraded['limits']).toBeGreaterThan(0)
      expect(w.diagnostics.map(({ code }) => code)).toContain('limit_store_away')
      expect(w.events.some((event) => event['event.reason'] === 'limit_store_away')).toBe(true)
      expect(guardMetrics(w.guard)).toMatch(/parapet_guard_degraded_total\{part="limits"\} \d/)
    },
  )

  it('"limited" and "store broken" are different answers', async () => {
    const w = sharing({ onOutage: 'closed' }, () => true)
    const passage = await w.go()
    expect([status(passage), passage.refusal?.reason, passage.refusal?.problem.code]).toEqual([503, 'store', 'PPT_INTERNAL'])
  })

  it('sessions are nobody’s by default, and refused where that is declared; without a cookie nothing changes', async () => {
    const cookie = { cookie: `__Host-session=${'a'.repeat(43)}` }
    const open = world({ store: DOWN })
    const passage = await open.go({}, cookie)
    expect([status(passage), passage.context.session.kind]).toEqual([200, 'degraded'])
    expect(open.guard.status().counts.degraded).toEqual({ sessions: 1 })
    const closed = world({ store: DOWN, session: { onOutage: 'closed' } })
    expect((await closed.go({}, cookie)).refusal).toMatchObject({ status: 503, reason: 'store' })
    expect(status(await closed.go())).toBe(200)
  })

  it('nobody enrols a factor', async () => {
    const store = memoryStore()
    let away = false
    const w = world({ store: { ...store, read: async (key) => (away && key.startsWith('account:') ? down() : store.read(key)) } })
    const { cookie } = await w.signIn()
    away = true
    expect((await w.guard.mayEnrol(request({}, { cookie }))).kind).toBe('degraded')
    expect(await w.guard.parts.mayEnrol('anna', request({}, { cookie }))).toBe(false)
    expect((await world({ store: DOWN }).guard.mayEnrol(request({}, { cookie: `__Host-session=${'a'.repeat(43)}` }))).kind).toBe('degraded')
  })

  it('a changed password lifts the lock that somebody else made by guessing [ASVS 6.3.1]', async () => {
    const w = world()
    for (let i = 0; i < 5; i++) await w.attempt('anna', false)
    expect((await w.attempt('anna')).kind).toBe('locked')
    await w.guard.passwordChanged('anna')
    expect((await w.attempt('anna')).kind).toBe('ok')
  })

  it('a changed password is not taken for done', async () => {
    await expect(world({ store: DOWN }).guard.passwordChanged('anna')).rejects.toThrow('down')
  })
})

describe('trap: fail-open in a catch block', () => {
  const throwing = {
    ...request(),
    header: (): never => {
      throw new Error('a header that cannot be read')
    },
  }

  it('a request that breaks the guard changes nothing and signs nobody in; a page may be read by nobody', async () => {
    const w = world()
    expect((await w.guard.enter(throwing)).refusal).toBeUndefined()
    for (const over of [{ method: 'POST' }, { method: 'DELETE' }, { method: 'POST', url: '/login' }])
      expect((await w.guard.enter({ ...throwing, ...over })).refusal?.status).toBe(503)
    expect(w.guard.status().counts.degraded).toEqual({ guard: 4 })
  })

  it('a decision that cannot be weighed to its end is not forgotten', async () => {
    const w = world()
    w.guard.decisions.apply(decide(w.now(), { action: 'challenge' }))
    expect((await w.guard.enter(throwing)).refusal?.status).toBe(503)
    expect((await w.guard.enter({ ...throwing, peer: '192.0.2.1' })).refusal).toBeUndefined()
  })

  it('whoever was recognised before it broke is nobody after it', async () => {
    const w = world({ stepUp: { mfaPage: '/factor' } })
    const { cookie } = await w.signIn()
    w.guard.decisions.apply(decide(w.now(), { action: 'require_mfa', target: { kind: 'user', value: 'anna' } }))
    let broke = 0
    // the cross-site check and the session pass; what is asked of the user then breaks
    const header = (name: string): string | undefined => {
      if (name === 'accept' && ++broke > 0) throw new Error('too late')
      return name === 'cookie' ? cookie : undefined
    }
    const passage = await w.guard.enter({ ...request(), header })
    expect([broke, passage.context.session.kind]).toEqual([1, 'degraded'])
  })

  it('not even a case: a request without anything is refused, and told of', async () => {
    const w = world()
    const passage = await w.guard.enter({} as never)
    expect(status(passage)).toBe(503)
    expect(() => passage.done(503)).not.toThrow()
    expect(w.diagnostics.map(({ code }) => code)).toContain('guard_error')
  })
})

describe('events', () => {
  it('tell of every refusal, also where requests are not told of [ASVS 16.3.2, 16.3.3]', async () => {
    const w = world({ requestEvents: false, limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    ;(await w.go()).done(200)
    expect(w.events).toEqual([])
    const limited = await w.go()
    limited.done(status(limited))
    const cross = await w.go({ method: 'POST', peer: '192.0.2.7' }, { origin: 'https://evil.example' })
    cross.done(status(cross))
    w.guard.decisions.apply(decide(w.now()))
    const denied = await w.go()
    denied.done(status(denied))
    expect(w.events.map((event) => event['event.reason'])).toEqual(['limited', 'csrf', 'decision'])
  })

  it('tell of every sign-in, right or wrong, with what is needed to look into it [ASVS 16.3.1]', async () => {
    const w = world()
    await w.attempt('anna')
    await w.attempt('anna', false)
    expect(
      w.events.map((event) => [
        event['event.action'],
        event['event.outcome'],
        event['event.reason'],
        event['source.ip'],
        event['user.name'],
      ]),
    ).toEqual([
      ['login', 'success', undefined, HERE, 'anna'],
      ['login', 'failure', 'bad_password', HERE, 'anna'],
    ])
  })

  it('are sent once for each end of sessions by a decision', async () => {
    const w = world()
    await w.signIn()
    w.guard.decisions.apply(decide(w.now(), { action: 'suspend', target: { kind: 'user', value: 'anna' } }))
    await settled()
    expect(actions(w).filter((action) => action === 'sessions-ended')).toHaveLength(1)
  })
})

describe('the state of the guard', () => {
  it('counts what became of requests, and Prometheus can read it', async () => {
    const w = world({ limits: { anonymous: { limit: 1, windowMs: 60_000 } }, observe: ['csrf'] })
    await w.go()
    await w.go()
    await w.go({ method: 'POST', peer: '192.0.2.7' }, { origin: 'https://evil.example' })
    expect(w.guard.status().counts).toEqual({ requests: 3, allowed: 2, refused: { limited: 1 }, observed: { csrf: 1 }, degraded: {} })
    const text = guardMetrics(w.guard)
    expect(text).toContain('# TYPE parapet_guard_requests_total counter\nparapet_guard_requests_total 3\n')
    expect(text).toContain('parapet_guard_refused_total{reason="limited"} 1')
    expect(text).toContain('parapet_guard_observed_total{reason="csrf"} 1')
    for (const row of text.trimEnd().split('\n'))
      expect(row).toMatch(/^(?:# (?:HELP|TYPE) parapet_guard_\w+ .+|parapet_guard_\w+(?:\{\w+="[\w.-]+"\})? \d+(?:\.\d+)?)$/)
  })

  it('watches each policy by itself', async () => {
    const cross = { origin: 'https://evil.example' }
    const one = world({ observe: ['limits.anonymous'], limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    await one.go()
    expect(status(await one.go())).toBe(200)
    expect(status(await one.go({ method: 'POST' }, cross))).toBe(403)
    const all = world({ observe: ['limits'], limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    await all.go()
    expect(status(await all.go())).toBe(200)
    expect(() => world({ observe: ['everything' as 'csrf'] })).toThrow('observe')
  })

  it('a session at risk has to prove itself before it goes on, unless that is only watched', async () => {
    const phone = {
      'user-agent':
        'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1',
    }
    const laptop = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'accept-language': 'de' }
    const run = async (options: Partial<GuardOptions>): Promise<{ w: World; passage: Passage }> => {
      const w = world({ session: { risk: { thresholds: { step_up: 21, rotate: 1_000, revoke: 1_000 } } }, ...options })
      const started = await w.guard.sessions.start('anna', {}, request({}, laptop), { factors: ['password'] })
      const cookie = started.kind === 'started' ? (started.cookie.split(';')[0] ?? '') : ''
      return { w, passage: await w.go({ peer: '198.51.100.3' }, { ...phone, cookie }) }
    }
    const { w, passage } = await run({})
    expect([status(passage), passage.refusal?.reason]).toEqual([401, 'step_up'])
    expect(last(w, 'guard.session')).toMatchObject({ 'event.action': 'session-at-risk', 'event.reason': 'step_up' })
    expect(status((await run({ observe: ['session'] })).passage)).toBe(200)
  })

  it('takes a secret or a keyring, not both', () => {
    expect(() => world({ keyring: world().guard.parts.keyring, secret: SECRET })).toThrow('not both')
    expect(() => world({ keyring: {} as never, secret: undefined })).toThrow('keyring')
  })
})
