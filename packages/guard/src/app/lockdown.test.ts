import type { Decision, LockdownMode } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { decide, HERE, type request, world, type World } from './fixtures/world.js'

const lock = (w: World, mode: LockdownMode, over: Partial<Decision> = {}): Decision => {
  const decision = decide(w.now(), {
    action: 'lockdown',
    target: { kind: 'all', value: '*' },
    lockdown: { mode, allow: ['192.0.2.0/24'] },
    expiresAt: w.now() + 900_000,
    ...over,
  })
  w.guard.decisions.apply(decision)
  return decision
}
const POST = { method: 'POST', url: '/orders' }
const FROM_HERE = { origin: 'https://app.example' }
const outcome = async (w: World, over: Parameters<typeof request>[0] = {}, headers: Parameters<typeof request>[1] = {}) => {
  const passage = await w.go(over, headers)
  passage.done(passage.refusal?.status ?? 200)
  return passage.refusal?.reason ?? 'goes on'
}

describe('a lockdown', () => {
  it('is refused with 503, the reference of the decision, a sentence, and when to come again', async () => {
    const w = world()
    const decision = lock(w, 'all')
    const { refusal } = await w.go()
    expect(refusal).toMatchObject({ status: 503, reason: 'lockdown', decisionId: decision.id })
    expect(refusal?.problem).toMatchObject({
      code: 'PPT_LOCKDOWN',
      instance: `urn:uuid:${decision.id}`,
      type: expect.stringMatching(/lockdown$/),
    })
    expect(refusal?.problem.detail).toMatch(/\.$/)
    expect(refusal?.headers).toContainEqual(['Retry-After', '300'])
    w.advance(890_000)
    expect((await w.go()).refusal?.headers).toContainEqual(['Retry-After', '10'])
    w.advance(10_000)
    expect(await outcome(w)).toBe('goes on')
  })

  it('never reaches listed addresses, in any mode', async () => {
    for (const mode of ['read_only', 'known_users', 'allow_list', 'all'] as const) {
      const w = world()
      lock(w, mode)
      expect([mode, await outcome(w, { ...POST, peer: '192.0.2.7' }, FROM_HERE)]).toEqual([mode, 'goes on'])
    }
  })

  it('read_only lets everybody read and sign in, and nobody change anything, signed in or not', async () => {
    const w = world()
    const { cookie } = await w.signIn()
    lock(w, 'read_only')
    expect(await outcome(w, {}, { cookie })).toBe('goes on')
    expect(await outcome(w, POST, { ...FROM_HERE, cookie })).toBe('lockdown')
    expect(await outcome(w, { ...POST, method: 'DELETE' }, { ...FROM_HERE, cookie })).toBe('lockdown')
    expect(await outcome(w, { method: 'POST', url: '/login' }, FROM_HERE)).toBe('goes on')
    // routers take it for an order: only what is spelt like a sign-in is let through as one
    for (const url of ['/orders/..%2flogin', '/orders/5%2f..%2f..%2f..%2flogin', '/login;/../orders'])
      expect([url, await outcome(w, { method: 'POST', url }, FROM_HERE)]).toEqual([url, 'lockdown'])
  })

  it('known_users lets in who was signed in before, or has shown a second factor since, and the way to show one', async () => {
    const w = world({ stepUp: { page: '/verify', open: ['/verify/code', '/assets/'] } })
    const before = await w.signIn('anna')
    w.advance(1_000)
    lock(w, 'known_users')
    w.advance(1_000)
    const [password, factor] = [await w.signIn('bert'), await w.signIn('carl', ['password', 'totp'])]
    expect(await outcome(w, POST, { ...FROM_HERE, ...before })).toBe('goes on')
    expect(await outcome(w, {}, { ...factor })).toBe('goes on')
    expect(await outcome(w, {}, { ...password })).toBe('lockdown')
    expect(await outcome(w)).toBe('lockdown')
    for (const url of ['/login', '/verify', '/assets/site.css'])
      expect([url, await outcome(w, { url }, { ...password })]).toEqual([url, 'goes on'])
    expect(await outcome(w, { method: 'POST', url: '/verify/code' }, { ...FROM_HERE, ...password })).toBe('goes on')
  })

  it('known_users lets in nobody whose session cannot be read, or was ended by a decision', async () => {
    const w = world()
    const { cookie } = await w.signIn('anna')
    w.advance(1_000)
    lock(w, 'known_users')
    w.guard.decisions.apply(decide(w.now(), { action: 'suspend', target: { kind: 'user', value: 'anna' } }))
    expect(await outcome(w, {}, { cookie })).toBe('lockdown')
  })

  it('of two the stricter holds, and one that is lifted holds no more', async () => {
    const w = world()
    lock(w, 'read_only')
    const strict = lock(w, 'all')
    expect(await outcome(w)).toBe('lockdown')
    w.guard.decisions.apply({
      ...strict,
      revision: strict.revision + 1_000,
      lifted: { at: w.now(), by: { kind: 'operator', id: 'o' }, reason: 'over' },
    })
    expect(await outcome(w)).toBe('goes on')
    expect(await outcome(w, POST, FROM_HERE)).toBe('lockdown')
  })

  it('that is only watched, by its mode or by the guard’s, refuses nobody and is told of', async () => {
    for (const [options, over] of [
      [{}, { mode: 'observe' }],
      [{ observe: ['lockdown'] }, {}],
      [{ mode: 'observe' }, {}],
    ] as const) {
      const w = world(options)
      lock(w, 'all', over)
      expect(await outcome(w)).toBe('goes on')
      expect(w.events.at(-1)).toMatchObject({ 'event.reason': 'lockdown_observed' })
      expect(w.guard.status().counts.observed).toEqual({ lockdown: 1 })
    }
  })

  it('does not hide a denial, and for who is denied changes nothing', async () => {
    const w = world()
    lock(w, 'read_only')
    w.guard.decisions.apply(decide(w.now(), { target: { kind: 'ip', value: HERE } }))
    expect(await outcome(w)).toBe('decision')
  })

  it('with a target that is not all, or for other enforcers, is none of the guard’s', async () => {
    const w = world()
    lock(w, 'all', { target: { kind: 'ip', value: HERE } })
    lock(w, 'all', { enforcers: ['forward_auth'] })
    expect(await outcome(w)).toBe('goes on')
    expect(w.guard.status().unsupported).toEqual(['lockdown: needs the target all'])
  })

  it('tells a browser what happens on a page with a policy of its own, and what it sent was not kept', async () => {
    const w = world()
    lock(w, 'read_only')
    const page = await w.go(POST, { ...FROM_HERE, accept: 'text/html', 'sec-fetch-mode': 'navigate' })
    expect(page.refusal?.html).toContain('was not saved')
    const policies = page.headers.filter(([name]) => name === 'Content-Security-Policy')
    expect(policies).toHaveLength(1)
    const nonce = /nonce="([^"]+)"/.exec(page.refusal?.html ?? '')?.[1]
    expect(policies[0]?.[1]).toContain(`'nonce-${nonce}'`)
    lock(w, 'all')
    const closed = await w.go({}, { accept: 'text/html', 'sec-fetch-mode': 'navigate' })
    expect(closed.refusal?.html).toContain('closed for a while')
    expect(closed.refusal?.html).not.toMatch(/href|<script/)
  })
})

describe('an end of sessions', () => {
  it('on a network ends the sessions that are used from there, and no other of the same user', async () => {
    const w = world()
    const here = await w.signIn('anna')
    w.advance(1_000)
    w.guard.decisions.apply(decide(w.now(), { action: 'end_sessions' }))
    w.advance(1_000)
    const who = async (cookie: string, peer = HERE) => (await w.go({ peer }, { cookie })).context.session.kind
    expect(await who(here.cookie, '198.51.100.9')).toBe('active')
    expect(await who(here.cookie)).toBe('none')
    const since = await w.signIn('anna')
    expect(await who(since.cookie)).toBe('active')
  })

  it('lets the right password in at once: nothing is asked of the user but to sign in', async () => {
    const w = world()
    w.guard.decisions.apply(decide(w.now(), { action: 'end_sessions', target: { kind: 'user', value: 'anna' } }))
    w.advance(1_000)
    expect((await w.attempt('anna')).kind).toBe('ok')
  })
})
