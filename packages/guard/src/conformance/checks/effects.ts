import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { Decision, LockdownMode } from '@parapet/core'
import type { AccessSink } from '../../access-audit/types.js'
import type { AdapterCheck } from '../types.js'
import { type Answer, cookieOf, ORIGIN, type World, withWorld } from '../world.js'
import type { Who } from './answers.js'

/** A decision with an id that a person can be told. */
const decision = (over: Partial<Decision> = {}): Decision => ({
  id: '01890000-0000-7000-8000-000000000001',
  revision: 1,
  target: { kind: 'ip', value: '198.51.100.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'scanned us',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: Date.now(),
  expiresAt: 9e15,
  ...over,
})

const problemOf = (answer: Answer): Readonly<Record<string, string>> => JSON.parse(answer.body) as Readonly<Record<string, string>>
const BROWSER = { accept: 'text/html,*/*;q=0.5', 'sec-fetch-mode': 'navigate' } as const

/** Lets a moment go by: what begins after it is younger than what was before. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

const lockdown = (mode: LockdownMode, allow: readonly string[] = []): Decision =>
  decision({ action: 'lockdown', target: { kind: 'all', value: '*' }, lockdown: { mode, allow } })

/** Signs anna in, and lets a moment go by, so that a decision that follows is the younger. */
const signedIn = async ({ login }: World): Promise<string> => {
  const cookie = cookieOf(await login('anna', 'right'), '__Host-session')
  await pause()
  return cookie
}
const onAnna = (action: Decision['action']): Decision => decision({ action, target: { kind: 'user', value: 'anna' } })

/** What each decision effect looks like over the wire. Source: the table of effects in the architecture. */
export const effectChecks: readonly AdapterCheck[] = [
  {
    name: 'deny: 403 with a problem that says nothing of the rule, for that client alone',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask }) => {
        guard.decisions.apply(decision())
        const refused = await ask('/hello', { client: '198.51.100.7' })
        deepEqual([refused.status, refused.headers['content-type']], [403, 'application/problem+json'])
        equal(refused.headers['cache-control'], 'no-store')
        equal(problemOf(refused)['code'], 'PPT_BLOCKED')
        ok(!refused.body.includes('scanned'))
        equal((await ask('/hello', { client: '198.51.100.8' })).status, 200)
      }),
  },
  {
    name: 'deny of scope login: at the sign-in alone',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask, login }) => {
        guard.decisions.apply(decision({ scope: 'login' }))
        equal((await ask('/hello', { client: '198.51.100.7' })).status, 200)
        equal((await login('anna', 'right', { client: '198.51.100.7' })).status, 403)
        equal((await login('anna', 'right')).status, 200)
      }),
  },
  {
    name: 'throttle: its limit, then 429 with when to come again, for each client on its own',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask }) => {
        guard.decisions.apply(
          decision({ action: 'throttle', target: { kind: 'cidr', value: '198.51.100.0/24' }, limit: { limit: 2, windowMs: 60_000 } }),
        )
        const statuses: number[] = []
        for (let i = 0; i < 3; i++) statuses.push((await ask('/hello', { client: '198.51.100.7' })).status)
        deepEqual(statuses, [200, 200, 429])
        const refused = await ask('/hello', { client: '198.51.100.7' })
        match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
        equal(refused.headers['content-type'], 'application/problem+json')
        equal((await ask('/hello', { client: '198.51.100.8' })).status, 200)
        equal((await ask('/hello')).status, 200)
      }),
  },
  {
    name: 'challenge: a program gets 401 with a problem type, a browser a page whose script the policy allows',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask }) => {
        guard.decisions.apply(decision({ action: 'challenge' }))
        const api = await ask('/hello', { client: '198.51.100.7' })
        deepEqual([api.status, api.headers['content-type']], [401, 'application/problem+json'])
        match(problemOf(api)['type'] ?? '', /challenge-required$/)
        ok(api.headers['www-authenticate'] !== undefined)
        const page = await ask('/hello', { client: '198.51.100.7', headers: BROWSER })
        deepEqual([page.status, page.headers['content-type'], page.headers['cache-control']], [401, 'text/html; charset=utf-8', 'no-store'])
        const nonce = /nonce="([^"]+)"/.exec(page.body)?.[1] ?? 'none'
        ok(String(page.headers['content-security-policy']).includes(`'nonce-${nonce}'`))
        equal((await ask('/hello')).status, 200)
      }),
  },
  {
    name: 'challenge of a signed-in user: he proves anew who he is, at a page or by a problem type',
    run: (subject) =>
      withWorld(subject, { stepUp: { page: '/verify' } }, async (world) => {
        const cookie = await signedIn(world)
        world.guard.decisions.apply(onAnna('challenge'))
        const api = await world.ask('/whoami', { headers: { cookie } })
        equal(api.status, 401)
        match(problemOf(api)['type'] ?? '', /step-up-required$/)
        const browser = await world.ask('/whoami', { headers: { cookie, ...BROWSER } })
        deepEqual([browser.status, browser.headers['location']], [303, '/verify?return=%2Fwhoami'])
        ok(!browser.body.includes('anna'))
      }),
  },
  {
    name: 'require_mfa: a factor is asked for at the next request',
    run: (subject) =>
      withWorld(subject, { stepUp: { page: '/verify', mfaPage: '/factor' } }, async (world) => {
        const cookie = await signedIn(world)
        world.guard.decisions.apply(onAnna('require_mfa'))
        const api = await world.ask('/whoami', { headers: { cookie } })
        equal(api.status, 401)
        match(problemOf(api)['type'] ?? '', /mfa-required$/)
        equal((await world.ask('/whoami', { headers: { cookie, ...BROWSER } })).headers['location'], '/factor?return=%2Fwhoami')
        equal((await world.ask('/hello')).status, 200)
      }),
  },
  ...(['require_reset', 'suspend'] as const).map((action): AdapterCheck => ({
    name: `${action}: the session ends, and the right password signs nobody in any more`,
    run: (subject) =>
      withWorld(subject, {}, async (world) => {
        const cookie = await signedIn(world)
        const wrong = await world.login('nobody-here', 'wrong')
        world.guard.decisions.apply(onAnna(action))
        const answer = await world.ask('/whoami', { headers: { cookie } })
        equal(answer.status, 200)
        equal((JSON.parse(answer.body) as Who).subject, 'none')
        const again = await world.login('anna', 'right')
        equal(cookieOf(again, '__Host-session'), '')
        if (action === 'suspend') deepEqual([again.status, again.body], [wrong.status, wrong.body])
        // others are not concerned
        equal((await world.login('bert', 'right')).status, 200)
      }),
  })),
  {
    name: 'end_sessions: sessions that began before it end, and who signs in since stays signed in',
    run: (subject) =>
      withWorld(subject, {}, async (world) => {
        const cookie = await signedIn(world)
        const bert = cookieOf(await world.login('bert', 'right'), '__Host-session')
        await pause()
        world.guard.decisions.apply(onAnna('end_sessions'))
        const subjectOf = async (carried: string): Promise<string> =>
          (JSON.parse((await world.ask('/whoami', { headers: { cookie: carried } })).body) as Who).subject
        equal(await subjectOf(cookie), 'none')
        await pause()
        const again = await world.login('anna', 'right')
        equal(await subjectOf(cookieOf(again, '__Host-session')), 'anna')
        equal(await subjectOf(bert), 'bert')
      }),
  },
  {
    name: 'lockdown read_only: reading goes on, signing in too, a change gets 503 with when to come again',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask, login, changes }) => {
        guard.decisions.apply(lockdown('read_only'))
        equal((await ask('/hello')).status, 200)
        equal((await login('anna', 'right')).status, 200)
        const refused = await ask('/change', { method: 'POST', headers: { origin: ORIGIN } })
        deepEqual([refused.status, refused.headers['content-type']], [503, 'application/problem+json'])
        equal(refused.headers['cache-control'], 'no-store')
        match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
        equal(problemOf(refused)['code'], 'PPT_LOCKDOWN')
        match(problemOf(refused)['type'] ?? '', /lockdown$/)
        equal(changes(), 0)
        const page = await ask('/change', { method: 'POST', headers: { origin: ORIGIN, ...BROWSER } })
        deepEqual([page.status, page.headers['content-type']], [503, 'text/html; charset=utf-8'])
        match(page.body, /was not saved/)
        const nonce = /nonce="([^"]+)"/.exec(page.body)?.[1] ?? 'none'
        ok(String(page.headers['content-security-policy']).includes(`'nonce-${nonce}'`))
      }),
  },
  {
    name: 'lockdown known_users: who was signed in before goes on, a stranger and a sign-in without a second factor do not',
    run: (subject) =>
      withWorld(subject, {}, async (world) => {
        const { guard, ask, login } = world
        const before = await signedIn(world)
        guard.decisions.apply(lockdown('known_users'))
        equal((await ask('/whoami', { headers: { cookie: before } })).status, 200)
        equal((await ask('/whoami')).status, 503)
        await pause()
        const since = cookieOf(await login('bert', 'right'), '__Host-session')
        ok(since !== '')
        equal((await ask('/whoami', { headers: { cookie: since } })).status, 503)
      }),
  },
  {
    name: 'lockdown allow_list and all: only listed addresses get in, a signed-in user too, and all is as before when it ends',
    run: async (subject) => {
      for (const mode of ['allow_list', 'all'] as const)
        await withWorld(subject, {}, async (world) => {
          const cookie = await signedIn(world)
          const held = lockdown(mode, ['203.0.113.0/24'])
          world.guard.decisions.apply(held)
          equal((await world.ask('/whoami', { headers: { cookie } })).status, 503)
          equal((await world.login('anna', 'right')).status, 503)
          equal((await world.ask('/hello', { client: '203.0.113.9' })).status, 200)
          world.guard.decisions.apply({
            ...held,
            revision: 2,
            lifted: { at: Date.now(), by: { kind: 'operator', id: 'o' }, reason: 'over' },
          })
          equal((await world.ask('/whoami', { headers: { cookie } })).status, 200)
        })
    },
  },
  {
    name: 'a decision for other enforcers is none of the guard',
    run: (subject) =>
      withWorld(subject, {}, async ({ guard, ask }) => {
        guard.decisions.apply(decision({ enforcers: ['nftables', 'nginx'] }))
        equal((await ask('/hello', { client: '198.51.100.7' })).status, 200)
        guard.decisions.apply(decision({ id: '01890000-0000-7000-8000-000000000002', revision: 2, enforcers: ['nftables', 'guard'] }))
        equal((await ask('/hello', { client: '198.51.100.7' })).status, 403)
      }),
  },
  {
    name: 'in observe mode lets through what it would refuse, and says so',
    run: (subject) =>
      withWorld(
        subject,
        { mode: 'observe', limits: { anonymous: { limit: 1, windowMs: 60_000 } } },
        async ({ guard, ask, told, changes }) => {
          guard.decisions.apply(decision())
          equal((await ask('/hello', { client: '198.51.100.7' })).status, 200)
          equal((await ask('/change', { method: 'POST', headers: { origin: 'https://evil.example' } })).status, 200)
          equal((await ask('/hello')).status, 200)
          equal(changes(), 1)
          deepEqual(
            (await told(3)).map((event) => event['event.reason']),
            ['decision_observed', 'csrf_observed', 'limited_observed'],
          )
        },
      ),
  },
  {
    name: 'sends an answer only when the record of the access is written, and another one when that fails',
    run: async (subject) => {
      const kept: string[] = []
      let broken = false
      const sink: AccessSink = {
        record: async (entries) => {
          if (broken) throw new Error('the disk is full')
          kept.push(...entries.map(({ status, route }) => `${status} ${route}`))
        },
      }
      const accessAudit = { sink, mode: 'block', paths: ['/records/', '/items/'] } as const
      await withWorld(subject, { accessAudit }, async ({ ask }) => {
        equal((await ask('/records/text')).body, 'hello')
        equal((await ask('/records/stream')).body, 'first second')
        equal((await ask('/items/7')).body, 'item 7')
        deepEqual(
          kept.map((line) => line.slice(0, 3)),
          ['200', '200', '200'],
        )
        broken = true
        for (const path of ['/records/text', '/records/stream']) {
          const refused = await ask(path)
          equal(refused.status, 503)
          ok(!/hello|first|second/.test(refused.body))
          equal(refused.headers['content-type'], 'application/problem+json')
        }
        equal((await ask('/nonce')).status, 200)
      })
    },
  },
]
