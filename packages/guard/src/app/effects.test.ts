import type { Decision, TargetKind } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { memoryStore } from '../store/memory-store.js'
import { zeroBits } from '../challenge/challenge.js'
import { decide, HERE, request, settled, type World, world } from './fixtures/world.js'
import type { CredentialsEnded } from './accounts.js'
import type { Passage } from './types.js'

const status = (passage: Passage): number => passage.refusal?.status ?? 200
const header = (passage: Passage, name: string): string | undefined => passage.headers.findLast(([key]) => key === name)?.[1]
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

const apply = (w: World, over: Partial<Decision> = {}): Decision => {
  const decision = decide(w.now(), over)
  w.guard.decisions.apply(decision)
  return decision
}
/** A signed-in user's session and public id. */
const session = async (w: World, subject = 'anna'): Promise<{ cookie: string; id: string }> => {
  const { cookie } = await w.signIn(subject)
  const verdict = await w.guard.sessions.read(request({}, { cookie }))
  if (verdict.kind !== 'active') throw new Error(verdict.kind)
  return { cookie, id: verdict.session.id }
}
const solve = (passage: Passage): string => {
  const [, token = '', seed = '', bits = ''] =
    /data-token="([^"]+)" data-seed="([^"]+)" data-bits="(\d+)"/.exec(passage.refusal?.html ?? '') ?? []
  for (let n = 0; ; n++) if (zeroBits(createHash('sha256').update(`${seed}:${n}`).digest()) >= Number(bits)) return `${token}:${n}`
}

const TARGETS: readonly TargetKind[] = ['ip', 'cidr', 'user', 'session', 'country', 'asn', 'all']
const targetOf = (kind: TargetKind, id: string): Decision['target'] =>
  ({
    ip: { kind, value: HERE },
    cidr: { kind, value: '203.0.113.0/24' },
    user: { kind, value: 'anna' },
    session: { kind, value: id },
    country: { kind, value: 'DE' },
    asn: { kind, value: 'AS3320' },
    all: { kind, value: '*' },
  })[kind]
const NETWORK: ReadonlySet<TargetKind> = new Set(['ip', 'cidr', 'country', 'asn', 'all'])

/** What the table of effects says of a signed-in user's next request, of somebody unknown, and of somebody whom the target is not about. */
const TABLE = [
  { action: 'deny', user: [403, 'decision'], unknown: [403, 'decision'] },
  { action: 'challenge', user: [401, 'step_up'], unknown: [401, 'challenge'] },
  { action: 'require_mfa', user: [401, 'mfa'], unknown: [200, undefined] },
  { action: 'require_reset', user: [200, undefined], unknown: [200, undefined] },
  { action: 'suspend', user: [200, undefined], unknown: [200, undefined] },
] as const

describe('decision effects, by target', () => {
  describe.each(TABLE)('$action', ({ action, user, unknown }) => {
    it.each(TARGETS)('on %s', async (kind) => {
      const w = world()
      const { cookie, id } = await session(w)
      const other = await session(w, 'bert')
      apply(w, { action, target: targetOf(kind, id) })
      await settled()
      const his = await w.go({}, { cookie })
      expect([status(his), his.refusal?.reason]).toEqual(user)
      const left = action === 'require_reset' || action === 'suspend' ? 'none' : 'active'
      expect((await w.guard.sessions.read(request({}, { cookie }))).kind).toBe(left)
      expect(his.refusal === undefined ? his.context.session.kind : 'none').toBe('none')
      const stranger = await w.go()
      expect([status(stranger), stranger.refusal?.reason]).toEqual(NETWORK.has(kind) ? unknown : [200, undefined])
      // somebody else, elsewhere: only what is about all holds for him
      const elsewhere = await w.go({ peer: '192.0.2.9' }, { cookie: other.cookie })
      expect([status(elsewhere), elsewhere.refusal?.reason]).toEqual(kind === 'all' ? user : [200, undefined])
      expect(kind === 'all' || elsewhere.context.session.kind === 'active').toBe(true)
      await w.guard.close()
    })

    it.each(['decision', 'guard', 'decisions', 'action'] as const)('only watches when the %s says so, and is told of', async (by) => {
      const w = world(by === 'guard' ? { mode: 'observe' } : by === 'decision' ? {} : { observe: [by === 'action' ? action : 'decisions'] })
      const { cookie } = await session(w)
      const decision = apply(w, { action, mode: by === 'decision' ? 'observe' : 'enforce', target: { kind: 'user', value: 'anna' } })
      await settled()
      const passage = await w.go({}, { cookie })
      expect([status(passage), passage.context.session.kind]).toEqual([200, 'active'])
      passage.done(200)
      expect(w.events.at(-1)).toMatchObject({ 'event.reason': 'decision_observed', 'parapet.decision': decision.id })
      expect(w.guard.status().counts.observed).toEqual({ decision: 1 })
      await w.guard.close()
    })

    it('ends with the decision, and when it is lifted', async () => {
      const w = world()
      const { cookie } = await session(w)
      const ends = action === 'suspend' || action === 'require_reset'
      const decision = apply(w, { action, target: { kind: 'user', value: 'anna' }, expiresAt: w.now() + 1_000 })
      await settled()
      w.advance(1_000)
      const after = await w.go({}, { cookie })
      // what was ended stays ended: a way back in is a new sign-in
      expect([status(after), after.context.session.kind]).toEqual([200, ends ? 'none' : 'active'])
      const again = await session(w)
      const second = apply(w, { action, target: { kind: 'session', value: again.id } })
      w.guard.decisions.apply({ ...second, revision: second.revision + 100, lifted: { at: 1, by: decision.author, reason: 'mistake' } })
      expect((await w.go({}, { cookie: again.cookie })).context.session.kind).toBe('active')
      await w.guard.close()
    })
  })
})

describe('deny', () => {
  it('tells a reference, and nothing of the rule', async () => {
    const w = world()
    const decision = apply(w)
    const { refusal } = await w.go()
    expect(refusal?.problem).toMatchObject({ status: 403, code: 'PPT_BLOCKED', instance: `urn:uuid:${decision.id}` })
    expect(JSON.stringify(refusal)).not.toContain('secret rule')
  })

  it('of scope login leaves all but sign-in', async () => {
    const w = world()
    apply(w, { scope: 'login' })
    expect(status(await w.go())).toBe(200)
    expect(status(await w.go({ method: 'GET', url: '/login' }))).toBe(200)
    expect(status(await w.go({ method: 'POST', url: '/login' }))).toBe(403)
  })
})

describe('throttle', () => {
  it.each(TARGETS)('on %s lets the given number through, and says when to come back [ASVS 2.4.1]', async (kind) => {
    const w = world()
    const { cookie, id } = await session(w)
    const decision = apply(w, { action: 'throttle', target: targetOf(kind, id), limit: { limit: 2, windowMs: 60_000 } })
    const seen: number[] = []
    for (let i = 0; i < 3; i++) seen.push(status(await w.go({}, { cookie })))
    expect(seen).toEqual([200, 200, 429])
    const over = await w.go({}, { cookie })
    expect(over.refusal).toMatchObject({ reason: 'throttled', decisionId: decision.id, problem: { code: 'PPT_RATE_LIMITED' } })
    expect(header(over, 'Retry-After')).toBe('30')
    w.advance(30_000)
    expect(status(await w.go({}, { cookie }))).toBe(200)
    // each has its own: a network that is throttled is not one bucket for all in it
    expect(status(await w.go({ peer: '203.0.113.8' }))).toBe(200)
    await w.guard.close()
  })

  it('on sign-in tells no budget', async () => {
    const w = world()
    apply(w, { action: 'throttle', scope: 'login', limit: { limit: 1, windowMs: 60_000 } })
    await w.go({ method: 'POST', url: '/login' })
    const over = await w.go({ method: 'POST', url: '/login' })
    expect(status(over)).toBe(429)
    expect([header(over, 'RateLimit'), header(over, 'Retry-After')]).toEqual([undefined, '60'])
  })

  it('only watched counts nothing against anybody', async () => {
    const w = world()
    apply(w, { action: 'throttle', mode: 'observe', limit: { limit: 1, windowMs: 60_000 } })
    for (let i = 0; i < 5; i++) expect(status(await w.go())).toBe(200)
  })

  it('without a limit of its own is ten a minute', async () => {
    const w = world()
    apply(w, { action: 'throttle' })
    for (let i = 0; i < 10; i++) expect(status(await w.go())).toBe(200)
    expect(status(await w.go())).toBe(429)
  })
})

describe('challenge', () => {
  const small = { challenge: { bits: 8 } } as const

  it('gives somebody unknown a page, and after the work the site', async () => {
    const w = world(small)
    apply(w, { action: 'challenge' })
    const page = await w.go({ url: '/a?b=1' }, BROWSER)
    expect([status(page), page.refusal?.reason]).toEqual([401, 'challenge'])
    const answered = await w.go({ url: '/a?b=1' }, { ...BROWSER, 'parapet-answer': solve(page) })
    expect([status(answered), answered.refusal?.bare, answered.refusal?.reason]).toEqual([204, true, 'challenge_solved'])
    const cookie = header(answered, 'Set-Cookie')?.split(';')[0] ?? ''
    expect(cookie).toMatch(/^__Host-clearance=/)
    expect(status(await w.go({}, { ...BROWSER, cookie }))).toBe(200)
    // for this address only
    apply(w, { action: 'challenge', target: { kind: 'ip', value: '203.0.113.8' } })
    expect(status(await w.go({ peer: '203.0.113.8' }, { ...BROWSER, cookie }))).toBe(401)
    answered.done(204)
    expect(w.events.at(-1)).toMatchObject({ 'event.reason': 'challenge_solved', 'event.outcome': 'success' })
  })

  it('gives a program a problem type, and a page only to who asks for one', async () => {
    const w = world(small)
    apply(w, { action: 'challenge' })
    for (const accept of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
      const { refusal } = await w.go({}, accept)
      expect(refusal?.html).toBeUndefined()
      expect(refusal?.problem).toMatchObject({ status: 401, type: 'https://parapet.dev/problems/challenge-required' })
    }
  })

  it('gives bots nothing: no answer, a wrong one, a used one and one of another address stay outside', async () => {
    const w = world(small)
    apply(w, { action: 'challenge', target: { kind: 'cidr', value: '203.0.113.0/24' } })
    const answer = solve(await w.go({}, BROWSER))
    const send = async (text: string, peer = HERE): Promise<readonly [number, string | undefined]> => {
      const passage = await w.go({ peer }, { 'parapet-answer': text })
      expect(passage.refusal?.status === 204 || header(passage, 'Set-Cookie') === undefined).toBe(true)
      return [status(passage), passage.refusal?.reason]
    }
    expect(await send('x')).toEqual([401, 'challenge_malformed'])
    expect(await send(answer, '203.0.113.9')).toEqual([401, 'challenge_forged'])
    expect(await send(answer)).toEqual([204, 'challenge_solved'])
    expect(await send(answer)).toEqual([401, 'challenge_used'])
    expect(w.guard.status().counts.refused).toMatchObject({ challenge_malformed: 1, challenge_forged: 1, challenge_used: 1 })
  })

  it('trap: nonce cached: each page has a nonce and a policy of its own, and nothing else of the site can run in it', async () => {
    const w = world(small)
    apply(w, { action: 'challenge' })
    const [one, two] = [await w.go({}, BROWSER), await w.go({}, BROWSER)]
    const nonce = (passage: Passage): string =>
      /script-src 'nonce-([^']+)'/.exec(header(passage, 'Content-Security-Policy') ?? '')?.[1] ?? ''
    expect(nonce(one)).not.toBe(nonce(two))
    expect(one.refusal?.html).toContain(`<script nonce="${nonce(one)}">`)
    expect(one.headers.filter(([name]) => name === 'Content-Security-Policy')).toHaveLength(1)
    expect(header(one, 'Content-Security-Policy')).toContain("default-src 'none'")
  })

  it('asks a signed-in user to prove anew who he is, and leads his browser to the page for it and back', async () => {
    const w = world({ stepUp: { page: '/step-up', open: ['/step-up/check', '/assets/'] } })
    const { cookie } = await session(w)
    apply(w, { action: 'challenge', target: { kind: 'user', value: 'anna' } })
    const api = await w.go({ url: '/api/x' }, { cookie })
    expect(api.refusal).toMatchObject({ status: 401, problem: { type: 'https://parapet.dev/problems/step-up-required' } })
    const page = await w.go({ url: '/orders?page=2&x=%2F' }, { cookie, ...BROWSER })
    expect([status(page), header(page, 'Location'), page.refusal?.bare]).toEqual([
      303,
      '/step-up?return=%2Forders%3Fpage%3D2%26x%3D%252F',
      true,
    ])
    for (const url of ['//evil.example', '/\\evil.example', 'https://evil.example/'])
      expect(header(await w.go({ url }, { cookie, ...BROWSER }), 'Location')).toBe('/step-up')
    expect(header(await w.go({ method: 'POST', url: '/orders' }, { cookie, ...BROWSER, origin: 'https://app.example' }), 'Location')).toBe(
      '/step-up',
    )
    // where it is given, and what that page needs, stay open; nothing beside it does
    for (const [method, url, expected] of [
      ['GET', '/step-up', 200],
      ['POST', '/step-up/check', 200],
      ['GET', '/assets/app.css', 200],
      ['POST', '/assets/app.css', 401],
      ['GET', '/assets/../orders', 401],
      ['GET', '/assets/%2e%2e/orders', 401],
      ['POST', '/login', 200],
      ['GET', '/step-up2', 401],
    ] as const)
      expect([method, url, status(await w.go({ method, url }, { cookie, origin: 'https://app.example' }))]).toEqual([method, url, expected])
    w.advance(1)
    const rotated = await w.guard.sessions.rotate(request({}, { cookie }), { authenticated: true })
    if (rotated.kind !== 'started') throw new Error(rotated.kind)
    expect(status(await w.go({}, { cookie: rotated.cookie.split(';')[0] ?? '' }))).toBe(200)
  })

  it('is not done, and said, without anything that signs', async () => {
    const w = world({ secret: undefined })
    apply(w, { action: 'challenge' })
    expect(status(await w.go({}, BROWSER))).toBe(200)
    expect(w.guard.status().unsupported).toEqual(['challenge: needs keyring or secret'])
    // a signed-in user can still be asked
    expect(status(await w.go({}, await w.signIn()))).toBe(401)
  })

  it('while the store of used puzzles is away clears nobody', async () => {
    const store = memoryStore()
    const w = world({
      ...small,
      store: {
        ...store,
        write: async (key, ...rest) => {
          if (key.startsWith('puzzle:')) throw new Error('down')
          return store.write(key, ...rest)
        },
      },
    })
    apply(w, { action: 'challenge' })
    const answered = await w.go({}, { 'parapet-answer': solve(await w.go({}, BROWSER)) })
    expect([status(answered), answered.refusal?.reason, header(answered, 'Set-Cookie')]).toEqual([503, 'store', undefined])
    expect(w.guard.status().counts.degraded).toEqual({ challenge: 1 })
    expect(w.diagnostics.map(({ code }) => code)).toContain('challenge_store_away')
  })

  it('in a sign-in of scope login stands before the form', async () => {
    const w = world(small)
    apply(w, { action: 'challenge', scope: 'login' })
    expect(status(await w.go({ url: '/' }, BROWSER))).toBe(200)
    const page = await w.go({ url: '/login' }, BROWSER)
    expect(status(page)).toBe(401)
    expect(status(await w.go({ method: 'POST', url: '/login' }))).toBe(401)
    const answered = await w.go({ url: '/login' }, { 'parapet-answer': solve(page) })
    const cookie = header(answered, 'Set-Cookie')?.split(';')[0] ?? ''
    expect(status(await w.go({ method: 'POST', url: '/login' }, { cookie }))).toBe(200)
  })
})

describe('require_mfa', () => {
  it('asks for a factor at the next request, and takes no password for one', async () => {
    const w = world({ stepUp: { mfaPage: '/factor' } })
    const { cookie } = await session(w)
    apply(w, { action: 'require_mfa', target: { kind: 'user', value: 'anna' } })
    const api = await w.go({}, { cookie })
    expect(api.refusal).toMatchObject({
      status: 401,
      problem: { type: 'https://parapet.dev/problems/mfa-required', code: 'PPT_MFA_REQUIRED' },
    })
    expect(header(await w.go({ url: '/x' }, { cookie, ...BROWSER }), 'Location')).toBe('/factor?return=%2Fx')
    expect(status(await w.go({ url: '/factor' }, { cookie }))).toBe(200)
    // routers take these for something else: what opens a page is its own spelling
    for (const url of ['/orders/5%2f..%2f..%2f..%2ffactor', '/orders/..%2flogin', '/FACTOR'])
      expect([url, status(await w.go({ method: 'POST', url }, { cookie, origin: 'https://app.example' }))]).toEqual([url, 401])
    w.advance(1)
    const prove = async (carried: string, factor: string): Promise<string> => {
      const rotated = await w.guard.sessions.rotate(request({}, { cookie: carried }), { factors: [factor] })
      return rotated.kind === 'started' ? (rotated.cookie.split(';')[0] ?? '') : ''
    }
    const byPassword = await prove(cookie, 'password')
    expect(status(await w.go({}, { cookie: byPassword }))).toBe(401)
    const byCode = await prove(byPassword, 'totp')
    expect(status(await w.go({}, { cookie: byCode }))).toBe(200)
  })

  it('holds for a new sign-in too', async () => {
    const w = world()
    apply(w, { action: 'require_mfa', target: { kind: 'user', value: 'anna' } })
    w.advance(1)
    expect(status(await w.go({}, await w.signIn()))).toBe(401)
    expect(status(await w.go({}, await w.signIn('anna', ['password', 'passkey'])))).toBe(200)
  })

  it.each(['user', 'session', 'ip', 'all'] as const)('on %s: a flagged session can never enrol a factor', async (kind) => {
    const w = world()
    const { cookie, id } = await session(w)
    expect(await w.guard.mayEnrol(request({}, { cookie }))).toEqual({ kind: 'allowed' })
    const decision = apply(w, { action: 'require_mfa', target: targetOf(kind, id) })
    expect(await w.guard.mayEnrol(request({}, { cookie }))).toEqual({ kind: 'refused', reason: 'flagged', decisionId: decision.id })
    expect(await w.guard.parts.mayEnrol('anna', request({}, { cookie }))).toBe(false)
  })

  it('on a session keeps whoever had it from enrolling in a new one', async () => {
    const w = world()
    const { cookie, id } = await session(w)
    apply(w, { action: 'require_mfa', target: { kind: 'session', value: id } })
    expect(status(await w.go({}, { cookie }))).toBe(401)
    const fresh = await session(w)
    expect(status(await w.go({}, { cookie: fresh.cookie }))).toBe(200)
    expect(await w.guard.mayEnrol(request({}, { cookie: fresh.cookie }))).toEqual({ kind: 'refused', reason: 'flagged' })
    w.advance(3_600_000)
    expect((await w.guard.mayEnrol(request({}, await w.signIn()))).kind).toBe('allowed')
  })

  it('nobody enrols who is not signed in, or for somebody else', async () => {
    const w = world()
    expect(await w.guard.mayEnrol(request())).toEqual({ kind: 'refused', reason: 'not_signed_in' })
    expect(await w.guard.parts.mayEnrol('bert', request({}, await w.signIn('anna')))).toBe(false)
    expect(await w.guard.parts.mayEnrol('anna', request({}, await w.signIn('anna')))).toBe(true)
  })
})

describe('require_reset', () => {
  const reset = (w: World): Decision => apply(w, { action: 'require_reset', target: { kind: 'user', value: 'anna' } })

  it('ends sessions, remembered devices and API keys at once', async () => {
    const ended: CredentialsEnded[] = []
    const w = world({ onCredentialsEnd: (one) => ended.push(one) })
    const first = await w.attempt('anna')
    const device = first.kind === 'ok' ? (first.cookies[0]?.split(';')[0] ?? '') : ''
    expect(await w.attempt('anna', true, { cookie: device })).toMatchObject({ device: 'known' })
    await session(w)
    w.advance(1)
    reset(w)
    await settled()
    expect(await w.guard.sessions.list('anna')).toEqual([])
    expect(ended).toEqual([{ subject: 'anna', reason: 'require_reset', at: w.now() }])
    w.advance(1)
    await w.guard.passwordChanged('anna')
    w.advance(1)
    expect(await w.attempt('anna', true, { cookie: device })).toMatchObject({ kind: 'ok', device: 'unknown' })
    expect(w.events.map((event) => event['event.action'])).toContain('sessions-ended')
  })

  it('leads the right password to a reset and nowhere else, and a wrong one tells nothing', async () => {
    const w = world()
    reset(w)
    await settled()
    expect(await w.attempt('anna')).toEqual({ kind: 'reset_required', subject: 'anna' })
    expect(await w.attempt('anna', false)).toEqual(await w.attempt('bert', false))
    expect((await w.attempt('anna', true, { method: 'reset_token' })).kind).toBe('ok')
  })

  it('is lifted by a new password, in every session after it', async () => {
    const w = world()
    reset(w)
    w.advance(1)
    await w.guard.passwordChanged('anna', request())
    w.advance(1)
    expect((await w.attempt('anna')).kind).toBe('ok')
    const passage = await w.go({}, await w.signIn())
    expect([status(passage), passage.context.session.kind]).toEqual([200, 'active'])
  })

  it('stays in force while nobody can say whether a new password was set', async () => {
    const store = memoryStore()
    let away = false
    const w = world({
      store: {
        ...store,
        read: async (key) => {
          if (away && key.startsWith('account:')) throw new Error('down')
          return store.read(key)
        },
      },
    })
    reset(w)
    await settled()
    w.advance(1)
    await w.guard.passwordChanged('anna')
    const { cookie } = await session(w)
    expect((await w.go({}, { cookie })).context.session.kind).toBe('active')
    away = true
    expect((await w.go({}, { cookie })).context.session.kind).toBe('none')
    expect((await w.attempt('anna')).kind).toBe('reset_required')
  })

  it('is tried again when the store was away, and told of', async () => {
    const store = memoryStore()
    let away = true
    const w = world({
      store: {
        ...store,
        list: async (group) => {
          if (away) throw new Error('down')
          return store.list(group)
        },
      },
    })
    reset(w)
    await settled()
    expect(w.diagnostics.map(({ code }) => code)).toContain('session_store_away')
    away = false
    await w.guard.close()
  })
})

describe('suspend', () => {
  it('ends sessions, and sign-in answers exactly as for a wrong password: right, wrong, unknown [ASVS 6.3.8]', async () => {
    const w = world()
    await session(w)
    apply(w, { action: 'suspend', target: { kind: 'user', value: 'anna' } })
    await settled()
    expect(await w.guard.sessions.list('anna')).toEqual([])
    const wrong = await w.attempt('bert', false)
    expect(await w.attempt('anna', true)).toEqual(wrong)
    expect(await w.attempt('anna', false)).toEqual(wrong)
    for (const method of ['reset_token', 'api_key'] as const) expect((await w.attempt('anna', true, { method })).kind).toBe('failed')
  })

  it('checks the password all the same, so that the answer takes as long', async () => {
    const w = world()
    apply(w, { action: 'suspend', target: { kind: 'user', value: 'anna' } })
    let checked = 0
    const verdict = await w.guard.login.attempt(
      { subject: 'anna', method: 'password', request: request({ method: 'POST', url: '/login' }) },
      () => ++checked,
    )
    expect([verdict.kind, checked]).toEqual(['failed', 1])
  })

  it('counts like a wrong password, so that the lock tells nothing either', async () => {
    const w = world()
    apply(w, { action: 'suspend', target: { kind: 'user', value: 'anna' } })
    const kinds = async (subject: string, right: boolean, peer: string): Promise<string[]> => {
      const seen: string[] = []
      for (let i = 0; i < 7; i++) seen.push((await w.attempt(subject, right, { peer })).kind)
      return seen
    }
    expect(await kinds('anna', true, '203.0.113.20')).toEqual(await kinds('bert', false, '203.0.113.30'))
  })

  it('of a network ends the session that comes from there, and leaves the user’s others', async () => {
    const w = world()
    const here = await session(w)
    const there = await session(w)
    apply(w, { action: 'suspend', target: { kind: 'ip', value: HERE } })
    expect((await w.go({}, { cookie: here.cookie })).context.session.kind).toBe('none')
    expect((await w.go({ peer: '192.0.2.1' }, { cookie: there.cookie })).context.session.kind).toBe('active')
  })

  it('clears the cookie, goes on as nobody’s request, and says why in the event', async () => {
    const w = world()
    const { cookie, id } = await session(w)
    const decision = apply(w, { action: 'suspend', target: { kind: 'session', value: id } })
    const passage = await w.go({}, { cookie })
    expect(header(passage, 'Set-Cookie')).toContain('Max-Age=0')
    passage.done(302)
    expect(w.events.at(-1)).toMatchObject({ 'event.reason': 'suspended', 'parapet.decision': decision.id })
  })
})

describe('several decisions', () => {
  it('a suspended session is still nobody under a challenge of its network', async () => {
    const w = world()
    const { cookie, id } = await session(w)
    apply(w, { action: 'suspend', target: { kind: 'session', value: id } })
    apply(w, { action: 'challenge', target: { kind: 'all', value: '*' } })
    const passage = await w.go({}, { cookie })
    expect([status(passage), passage.refusal?.reason, passage.context.session.kind]).toEqual([401, 'challenge', 'none'])
  })

  it('a made-up session cookie escapes no challenge of somebody unknown', async () => {
    const w = world()
    apply(w, { action: 'challenge' })
    expect((await w.go({}, { cookie: `__Host-session=${'a'.repeat(43)}` })).refusal?.reason).toBe('challenge')
  })

  it('in a snapshot come into force at once, sessions of suspended users included', async () => {
    const w = world()
    await session(w)
    w.guard.decisions.reset([decide(w.now(), { action: 'suspend', target: { kind: 'user', value: 'anna' } })], 7)
    await settled()
    expect(await w.guard.sessions.list('anna')).toEqual([])
    expect(w.guard.decisions.revision).toBe(7)
  })

  it('on a name that was typed otherwise hold for the account all the same', async () => {
    const w = world()
    await session(w)
    apply(w, { action: 'suspend', target: { kind: 'user', value: ' ANNA ' } })
    await settled()
    expect(await w.guard.sessions.list('anna')).toEqual([])
    expect((await w.attempt('anna')).kind).toBe('failed')
    // signed in by another way than the shield: the session ends with its first request
    expect((await w.go({}, await w.signIn())).context.session.kind).toBe('none')
    expect((await w.attempt('bert')).kind).toBe('ok')
  })

  it('on accounts whose names are folded by a question to the database hold too', async () => {
    const w = world({ login: { delay: 'none', canonicalSubject: async (name) => (name.includes('anna') ? 'u1' : name) } })
    apply(w, { action: 'suspend', target: { kind: 'user', value: 'anna@example.org' } })
    await settled()
    expect((await w.go({}, await w.signIn('u1'))).context.session.kind).toBe('none')
    expect((await w.attempt('anna')).kind).toBe('failed')
  })
})
