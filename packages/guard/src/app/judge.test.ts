import type { Decision } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { AnswerVerdict, Challenge } from '../challenge/challenge.js'
import { createDecisionSet } from '@parapet/core'
import { createEnforcement } from '../enforcement/enforcement.js'
import { createLockdowns } from '../enforcement/lockdown.js'
import { createThrottle } from '../enforcement/throttle.js'
import type { GuardRequest } from '../request/guard-request.js'
import type { Session } from '../session/record.js'
import type { SessionVerdict } from '../session/sessions.js'
import { type Case, NOBODY } from './case.js'
import { decide, geo, HERE, request } from './fixtures/world.js'
import { createJudge, type JudgeDeps } from './judge.js'
import type { LimitRefusal } from './limits.js'
import type { WatchedPolicy } from './options.js'
import { errorRefusal, limitedRefusal, type Refusal } from './refusal.js'

const NOW = 1_000
const KNOWN = { kind: 'known', address: HERE, key: HERE } as const
const WITH_COOKIE = { cookie: 'session=x' }
const session = (over: Partial<Session> = {}): SessionVerdict => ({
  kind: 'active',
  session: { id: 's1', subject: 'anna', data: {}, createdAt: 0, authenticatedAt: 500, seenAt: 0, expiresAt: 9e15, factors: [], ...over },
  risk: { kind: 'none', score: 0, signals: [] },
})
const LIMITED: LimitRefusal = { policy: 'anonymous', refusal: limitedRefusal([]) }

type Over = {
  readonly decisions?: readonly Decision[]
  readonly session?: SessionVerdict
  readonly limited?: LimitRefusal | 'later'
  readonly csrf?: 'refused'
  readonly own?: Refusal
  readonly watches?: readonly WatchedPolicy[]
  readonly answer?: AnswerVerdict
  readonly deps?: Partial<JudgeDeps>
  readonly atLogin?: boolean
}
/** A judge whose parts write down when they were asked. */
const judging = (
  over: Over = {},
): { run: (about?: Partial<GuardRequest>, headers?: Record<string, string>) => Promise<Case>; asked: string[]; sync: () => boolean } => {
  const asked: string[] = []
  const set = createDecisionSet()
  set.reset(over.decisions ?? [])
  const challenge: Challenge = {
    issue: () => ({ token: 't', seed: 's', bits: 8 }),
    answer: async () => {
      asked.push('answer')
      return over.answer ?? { kind: 'wrong', reason: 'malformed' }
    },
    clearedAt: () => undefined,
    page: () => '<!doctype html>',
  }
  const judge = createJudge({
    clientAddress: () => {
      asked.push('address')
      return KNOWN
    },
    geo,
    enforcement: createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: true } }),
    lockdowns: createLockdowns(({ mode }) => mode === 'observe'),
    clock: () => NOW,
    throttle: createThrottle({ clock: () => NOW }),
    challenge,
    sessions: {
      cookieName: 'session',
      clearCookie: () => 'session=; Max-Age=0',
      look: async () => {
        asked.push('session')
        return over.session ?? NOBODY
      },
    },
    csrf: () => {
      asked.push('csrf')
      return over.csrf === undefined ? { kind: 'allowed' } : { kind: 'refused', reason: 'cross_site' }
    },
    limits: {
      take: (c) => {
        asked.push(`limit ${c.session.kind}`)
        if (over.limited === 'later') return Promise.resolve(LIMITED)
        return over.limited
      },
      release: () => undefined,
    },
    isOpen: () => false,
    logins: { covers: () => false, opens: () => false },
    pages: { stepUp: undefined, mfa: undefined },
    own: () => {
      asked.push('own')
      return over.own === undefined ? undefined : Promise.resolve(over.own)
    },
    watches: (policy) => over.watches?.includes(policy) ?? false,
    refuseUnread: false,
    accounts: {
      passwordAt: async () => {
        asked.push('password')
        return undefined
      },
      end: async (decision) => {
        asked.push(`end ${decision.action}`)
      },
      flag: async () => {
        asked.push('flag')
      },
    },
    degraded: (part) => asked.push(`degraded ${part}`),
    tell: (code) => asked.push(`told ${code}`),
    ...over.deps,
  })
  let wasSync = false
  return {
    asked,
    sync: () => wasSync,
    run: async (about = {}, headers = {}) => {
      const like = request(about, headers)
      const c: Case = {
        request: like,
        id: () => '01999999-0000-7000-8000-000000000001',
        nonce: () => 'n',
        freshNonce: () => 'f',
        path: like.url,
        atLogin: over.atLogin ?? false,
        signsIn: over.atLogin ?? false,
        client: { kind: 'unknown', reason: 'no_peer' },
        session: NOBODY,
        carried: false,
        network: [],
        lockdown: undefined,
        refusal: undefined,
        watched: undefined,
        acted: undefined,
        receipt: undefined,
        headers: [],
      }
      const pending = judge(c)
      wasSync = pending === undefined
      await pending
      return c
    },
  }
}

describe('the order of judging', () => {
  it('without a cookie is address, decisions, own routes, limit, cross-site check: at once, and no store is asked', async () => {
    const j = judging()
    await j.run()
    expect(j.asked).toEqual(['address', 'own', 'limit none', 'csrf'])
    expect(j.sync()).toBe(true)
  })

  it('with a cookie the cross-site check comes before the store is asked, and the limit is the user’s', async () => {
    const j = judging({ session: session() })
    await j.run({}, WITH_COOKIE)
    expect(j.asked).toEqual(['address', 'own', 'csrf', 'session', 'limit active'])
  })

  it('a denied address costs nothing more: no limit, no check, no store', async () => {
    const j = judging({ decisions: [decide(0)] })
    const c = await j.run({}, WITH_COOKIE)
    expect(j.asked).toEqual(['address'])
    expect(c.refusal?.reason).toBe('decision')
    expect(j.sync()).toBe(true)
  })

  it('a limited client is not checked further', async () => {
    const j = judging({ limited: LIMITED })
    expect((await j.run()).refusal?.reason).toBe('limited')
    expect(j.asked).not.toContain('csrf')
    const late = judging({ limited: 'later' })
    expect((await late.run()).refusal?.reason).toBe('limited')
    expect(late.asked).not.toContain('csrf')
  })

  it('a request of another site reads no session', async () => {
    const j = judging({ csrf: 'refused' })
    expect((await j.run({}, WITH_COOKIE)).refusal?.reason).toBe('csrf')
    expect(j.asked).not.toContain('session')
  })

  it('what is for the guard itself is answered after the decisions, and before all else', async () => {
    const own = errorRefusal('x')
    const j = judging({ own })
    expect((await j.run()).refusal).toBe(own)
    expect(j.asked).toEqual(['address', 'own'])
    const denied = judging({ own, decisions: [decide(0)] })
    expect((await denied.run()).refusal?.reason).toBe('decision')
  })

  it('a user’s decisions come before his limit, and their end of a session before any answer', async () => {
    const j = judging({ session: session(), decisions: [decide(0, { action: 'suspend', target: { kind: 'user', value: 'anna' } })] })
    const c = await j.run({}, WITH_COOKIE)
    expect(j.asked.slice(3)).toEqual(['session', 'end suspend', 'limit none'])
    expect(c.acted?.reason).toBe('suspended')
  })

  it('whether a reset was made is asked only where one is required', async () => {
    const reset = judging({
      session: session(),
      decisions: [decide(0, { action: 'require_reset', target: { kind: 'user', value: 'anna' } })],
    })
    await reset.run({}, WITH_COOKIE)
    expect(reset.asked).toContain('password')
    const other = judging({
      session: session(),
      decisions: [decide(0, { action: 'require_mfa', target: { kind: 'user', value: 'anna' } })],
    })
    await other.run({}, WITH_COOKIE)
    expect(other.asked).not.toContain('password')
  })

  it('an answer to a puzzle is looked at only where one is due', async () => {
    const header = { 'parapet-answer': 'x' }
    const j = judging()
    await j.run({}, header)
    expect(j.asked).not.toContain('answer')
    const due = judging({ decisions: [decide(0, { action: 'challenge' })] })
    await due.run({}, header)
    expect(due.asked).toEqual(['address', 'answer'])
  })

  it('only a session’s own decision flags its user', async () => {
    const mine = judging({
      session: session(),
      decisions: [decide(600, { action: 'require_mfa', target: { kind: 'session', value: 's1' } })],
    })
    await mine.run({}, WITH_COOKIE)
    expect(mine.asked).toContain('flag')
    const all = judging({ session: session(), decisions: [decide(600, { action: 'require_mfa', target: { kind: 'all', value: '*' } })] })
    expect((await all.run({}, WITH_COOKIE)).refusal?.reason).toBe('mfa')
    expect(all.asked).not.toContain('flag')
  })
})

describe('in observe mode', () => {
  it('the first refusal is noted and everything after it is judged all the same', async () => {
    const j = judging({ limited: LIMITED, csrf: 'refused', watches: ['limits.anonymous', 'csrf'] })
    const c = await j.run()
    expect(j.asked).toEqual(['address', 'own', 'limit none', 'csrf'])
    expect([c.refusal, c.watched?.reason]).toEqual([undefined, 'limited'])
  })

  it('of one policy the others still refuse', async () => {
    const c = await judging({ limited: LIMITED, csrf: 'refused', watches: ['limits.anonymous'] }).run()
    expect([c.refusal?.reason, c.watched?.reason]).toEqual(['csrf', 'limited'])
  })
})

describe('sessions', () => {
  it.each<[string, SessionVerdict, boolean]>([
    ['that are none', { kind: 'none' }, false],
    ['whose old id was used', { kind: 'replayed', session: { id: 's1', subject: 'anna' } }, true],
    [
      'that were ended as stolen',
      { kind: 'revoked', session: { id: 's1', subject: 'anna' }, risk: { kind: 'revoke', score: 1, signals: [] } },
      true,
    ],
  ])('%s count as nobody’s', async (_which, verdict, cleared) => {
    const j = judging({ session: verdict })
    const c = await j.run({}, WITH_COOKIE)
    expect(j.asked.at(-1)).toBe(`limit ${verdict.kind}`)
    expect(c.headers.some(([name, value]) => name === 'Set-Cookie' && value.includes('Max-Age=0'))).toBe(cleared)
  })

  it('with a new id get its cookie', async () => {
    const c = await judging({ session: { ...session(), cookie: 'session=new' } as SessionVerdict }).run({}, WITH_COOKIE)
    expect(c.headers).toContainEqual(['Set-Cookie', 'session=new'])
  })

  it.each([
    ['none', undefined],
    ['observe', undefined],
    ['step_up', 'step_up'],
    ['rotate', 'step_up'],
    ['revoke', 'step_up'],
  ] as const)('flagged with %s owe %s', async (kind, reason) => {
    const c = await judging({ session: session({ flag: { kind, score: 1, signals: [], at: 1 } }) }).run({}, WITH_COOKIE)
    expect(c.refusal?.reason).toBe(reason)
  })

  it('that cannot be read are told of, and refused only where that is declared', async () => {
    const verdict: SessionVerdict = { kind: 'degraded', reason: 'away' }
    const open = judging({ session: verdict })
    expect((await open.run({}, WITH_COOKIE)).refusal).toBeUndefined()
    expect(open.asked).toContain('told session_store_away')
    expect(open.asked).toContain('degraded sessions')
    const closed = judging({ session: verdict, deps: { refuseUnread: true } })
    expect((await closed.run({}, WITH_COOKIE)).refusal?.status).toBe(503)
    expect(closed.asked.some((one) => one.startsWith('limit'))).toBe(false)
  })

  it('that cannot be read are under a challenge like anybody unknown', async () => {
    const j = judging({ session: { kind: 'degraded', reason: 'away' }, decisions: [decide(0, { action: 'challenge' })] })
    expect((await j.run({}, WITH_COOKIE)).refusal?.reason).toBe('challenge')
  })
})

describe('where a browser comes back to', () => {
  const to = async (url: string, method = 'GET'): Promise<string | undefined> => {
    const j = judging({
      session: session(),
      decisions: [decide(600, { action: 'challenge' })],
      deps: { pages: { stepUp: '/step-up', mfa: undefined } },
    })
    const c = await j.run({ url, method }, { ...WITH_COOKIE, accept: 'text/html' })
    return c.refusal?.headers.find(([name]) => name === 'Location')?.[1]
  }

  it('is the path it asked for, escaped, and never another host', async () => {
    expect(await to('/a?b=c&d=%20')).toBe('/step-up?return=%2Fa%3Fb%3Dc%26d%3D%2520')
    for (const url of ['//evil.example/', '/\\evil.example', 'https://evil.example/']) expect(await to(url)).toBe('/step-up')
    expect(await to('/a', 'POST')).toBe('/step-up')
  })

  it('is bounded, and can stand in a header whatever it holds', async () => {
    const long = (await to(`/${'é'.repeat(9_000)}`)) ?? ''
    expect(long.length).toBeLessThan(15_000)
    expect(await to('/\ud800')).toMatch(/^[\x21-\x7e]+$/)
  })
})
