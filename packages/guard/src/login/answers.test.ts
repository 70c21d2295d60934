import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createLogin, type Login, type LoginVerdict, UNKNOWN_SUBJECT } from './login.js'
import type { LoginOptions } from './options.js'
import type { LoginMethod, LoginReport } from './report.js'
import type { CampaignReport, LoginHold } from './types.js'

const SECRET = 'k3y-for-tests-0123456789abcdefghij'
const MINUTE = 60_000

type Try = {
  readonly subject?: string
  readonly password?: string
  readonly address?: string
  readonly cookie?: string | undefined
  readonly method?: LoginMethod
  readonly challengePassed?: boolean
}
type Setup = {
  login: Login
  reports: LoginReport[]
  campaigns: CampaignReport[]
  verified: () => number
  advance: (ms: number) => void
  attempt: (input?: Try) => Promise<LoginVerdict>
}
const setup = (options: Partial<LoginOptions> = {}): Setup => {
  let now = 1_800_000_000_000
  let verified = 0
  const reports: LoginReport[] = []
  const campaigns: CampaignReport[] = []
  const login = createLogin({
    clock: () => now,
    secret: SECRET,
    sleep: async () => undefined,
    report: (report) => reports.push(report),
    onCampaign: (report) => campaigns.push(report),
    ...options,
    store: options.store ?? memoryStore({ clock: () => now }),
  })
  return {
    login,
    reports,
    campaigns,
    verified: () => verified,
    advance: (ms) => {
      now += ms
    },
    attempt: ({
      subject = 'anna',
      password = 'wrong',
      address = '203.0.113.7',
      cookie,
      method = 'password',
      challengePassed = false,
    } = {}) => {
      const header = (name: string): string | undefined => (name === 'cookie' ? cookie : undefined)
      const request: GuardRequest = { method: 'POST', url: '/login', header, peer: address, secure: true }
      return login.attempt({ subject, method, request, challengePassed }, () => {
        verified++
        if (subject.startsWith('nobody')) return UNKNOWN_SUBJECT
        return password === 'right'
      })
    },
  }
}
const cookieOf = (verdict: LoginVerdict): string => (verdict.kind === 'ok' ? (verdict.cookies[0]?.split(';')[0] ?? '') : verdict.kind)
const botnet = (i: number): string => `198.${18 + ((i >> 8) & 1)}.${i % 251}.${1 + ((i * 7) % 250)}`

describe('a decision about a subject', () => {
  const holding = (hold: Partial<LoginHold>): Setup =>
    setup({ hold: (subject) => (subject === 'anna' ? { kind: 'block', until: 1_800_000_060_000, ...hold } : undefined) })

  it('that suspends it is answered as for a wrong password, step by step, and reported as what it is', async () => {
    const s = holding({ kind: 'suspend' })
    const plain = setup()
    for (let i = 0; i < 7; i++) expect(await s.attempt({ password: 'right' })).toEqual(await plain.attempt())
    expect(s.verified()).toBe(plain.verified())
    expect(s.reports[0]).toMatchObject({ outcome: 'failed', reason: 'suspended' })
    expect((await s.attempt({ subject: 'bert', password: 'right', address: '198.51.100.1' })).kind).toBe('ok')
  })

  it('that asks for a reset refuses the right password in its own way, and the wrong one like any other', async () => {
    const s = holding({ kind: 'reset' })
    expect(await s.attempt()).toEqual({ kind: 'failed' })
    expect(await s.attempt({ password: 'right' })).toEqual({ kind: 'reset_required', subject: 'anna' })
    expect(s.reports.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failed', 'bad_password'],
      ['reset_required', 'reset_required'],
    ])
    expect(await s.attempt({ password: 'right', method: 'passkey' })).toMatchObject({ kind: 'reset_required' })
  })

  it('that asks for a reset lets the reset itself through, and ends API keys', async () => {
    const s = holding({ kind: 'reset' })
    expect((await s.attempt({ password: 'right', method: 'reset_token' })).kind).toBe('ok')
    expect(await s.attempt({ password: 'right', method: 'api_key' })).toEqual({ kind: 'failed' })
  })

  it('that blocks it is a lock until the decision ends, and nothing is checked', async () => {
    const s = holding({ kind: 'block' })
    expect(await s.attempt({ password: 'right' })).toEqual({ kind: 'locked', scope: 'decision', retryAfter: 60 })
    expect(s.verified()).toBe(0)
  })

  it('that cannot be asked for signs nobody in', async () => {
    const s = setup({
      hold: () => {
        throw new Error('decisions')
      },
    })
    expect((await s.attempt({ password: 'right' })).kind).toBe('degraded')
  })
})

describe('while many accounts are under attack', () => {
  const spray = async (s: Setup, count = 40): Promise<readonly string[]> => {
    const kinds: string[] = []
    for (let i = 0; i < count; i++) {
      kinds.push((await s.attempt({ subject: `victim${i}`, address: botnet(i) })).kind)
      s.advance(1_000)
    }
    return kinds
  }

  it('nothing but a report happens by default, once at the beginning', async () => {
    const s = setup()
    expect(new Set(await spray(s))).toEqual(new Set(['failed']))
    expect(s.campaigns).toMatchObject([{ kind: 'spraying', state: 'began', subjects: 30, addresses: 30 }])
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
  })

  it('unknown devices are asked for a challenge, for names that exist and names that do not, and known ones are not', async () => {
    const s = setup({ campaignResponse: 'challenge' })
    const laptop = cookieOf(await s.attempt({ password: 'right', address: '192.0.2.1' }))
    const kinds = await spray(s)
    expect(kinds.indexOf('challenge')).toBe(30)
    const checked = s.verified()
    for (const subject of ['anna', 'nobody', 'victim3'])
      for (const password of ['right', 'wrong'])
        expect(await s.attempt({ subject, password, address: '192.0.2.2' })).toEqual({ kind: 'challenge', reason: 'spraying' })
    expect(s.verified()).toBe(checked)
    expect((await s.attempt({ password: 'right', address: '192.0.2.2', challengePassed: true })).kind).toBe('ok')
    expect((await s.attempt({ password: 'right', address: '192.0.2.1', cookie: laptop })).kind).toBe('ok')
    expect(s.reports.find(({ outcome }) => outcome === 'challenge')).toMatchObject({ reason: 'spraying' })
  })

  it('or a subject locks after two failures instead of five, on unknown devices', async () => {
    const s = setup({ campaignResponse: 'tighten' })
    const laptop = cookieOf(await s.attempt({ password: 'right', address: '192.0.2.1' }))
    await spray(s)
    const kinds: string[] = []
    for (let i = 0; i < 3; i++) kinds.push((await s.attempt({ address: `192.0.2.${10 + i}` })).kind)
    expect(kinds).toEqual(['failed', 'failed', 'locked'])
    for (let i = 0; i < 4; i++) expect((await s.attempt({ cookie: laptop, address: '192.0.2.1' })).kind).toBe('failed')
    expect((await s.attempt({ cookie: laptop, address: '192.0.2.1', password: 'right' })).kind).toBe('ok')
  })

  it('ends a quarter of an hour after the last sign of it', async () => {
    const s = setup({ campaignResponse: 'challenge' })
    await spray(s)
    s.advance(31 * MINUTE)
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
    expect(s.campaigns.map(({ state }) => state)).toEqual(['began', 'ended'])
  })

  it('with a list of foreign users only the network that it comes from is asked', async () => {
    const s = setup({ campaignResponse: 'challenge', addressSubjects: 1_000, addressFailures: 1_000 })
    for (let i = 0; i < 12; i++) await s.attempt({ subject: `nobody${i}`, address: `203.0.113.${i * 20}` })
    expect(s.campaigns).toMatchObject([{ kind: 'stuffing', source: '203.0.113.0/24', unknown: 10 }])
    expect(await s.attempt({ password: 'right', address: '203.0.113.99' })).toEqual({ kind: 'challenge', reason: 'stuffing' })
    expect((await s.attempt({ password: 'right', address: '203.0.114.99' })).kind).toBe('ok')
  })

  it('spread over one provider is seen by the provider, where a database tells whose address it is', async () => {
    const s = setup({ geo: { lookup: () => ({ asn: 64_500 }) } })
    for (let i = 0; i < 12; i++) await s.attempt({ subject: `nobody${i}`, address: botnet(i) })
    expect(s.campaigns).toMatchObject([{ kind: 'stuffing', source: 'as64500' }])
  })

  it('who listens and fails changes nothing', async () => {
    const s = setup({
      onCampaign: () => {
        throw new Error('listener')
      },
    })
    expect(new Set(await spray(s))).toEqual(new Set(['failed']))
  })
})

describe('traps', () => {
  it('trap: lockout as denial of service: a name attacked from everywhere still opens on its own device [ASVS 6.1.1, 6.3.1]', async () => {
    const s = setup()
    const laptop = cookieOf(await s.attempt({ password: 'right', address: '192.0.2.1' }))
    const kinds = new Set<string>()
    for (let i = 0; i < 300; i++) {
      kinds.add((await s.attempt({ address: botnet(i) })).kind)
      s.advance(10_000)
    }
    expect(kinds).toEqual(new Set(['failed', 'locked']))
    expect((await s.attempt({ password: 'right', address: '192.0.2.99' })).kind).toBe('locked')
    expect(await s.attempt({ password: 'right', address: '192.0.2.1', cookie: laptop })).toMatchObject({ kind: 'ok', device: 'known' })
  })

  it('trap: a second login path around the lock: every kind of credential meets the one lock', async () => {
    for (const locking of ['password', 'code', 'recovery_code', 'reset_token', 'api_key', 'passkey'] as const) {
      const s = setup()
      for (let i = 0; i < 5; i++) await s.attempt({ method: locking, address: botnet(i) })
      for (const method of ['password', 'code', 'recovery_code', 'reset_token', 'api_key', 'passkey'] as const)
        expect([locking, method, (await s.attempt({ method, password: 'right', address: '192.0.2.1' })).kind]).toEqual([
          locking,
          method,
          'locked',
        ])
    }
  })

  it('trap: enumeration by status, body, time or mail: names that exist, that do not, and that are suspended get the same answers [ASVS 6.3.8]', async () => {
    const told = async (subject: string): Promise<readonly unknown[]> => {
      const s = setup({ revealRemaining: true, hold: (name) => (name === 'suspended' ? { kind: 'suspend', until: Infinity } : undefined) })
      const answers: unknown[] = []
      for (let i = 0; i < 8; i++) {
        answers.push(await s.attempt({ subject, password: subject === 'suspended' ? 'right' : 'wrong' }))
        s.advance(1_000)
      }
      const { token } = await s.login.unlockLink(subject)
      answers.push(token.length, (await s.login.unlockWith(token)).kind, await s.attempt({ subject }))
      return answers
    }
    const [known, unknown, suspended] = [await told('anna-lang'), await told('nobody-xy'), await told('suspended')]
    expect(unknown).toEqual(known)
    expect(suspended).toEqual(known)
  })

  it('trap: `__proto__` as key: names of the prototype are counted and locked each for itself', async () => {
    const s = setup()
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    for (const [i, subject] of names.entries()) {
      const kinds: string[] = []
      for (let k = 0; k < 6; k++) kinds.push((await s.attempt({ subject, address: botnet(i * 10 + k) })).kind)
      expect([subject, ...kinds]).toEqual([subject, 'failed', 'failed', 'failed', 'failed', 'failed', 'locked'])
    }
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
  })
})

describe('time', () => {
  /** As long as a password hash takes, now a little less and now a little more; a real one would measure how busy this machine is. */
  const check = (round: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30 + ((round * 7) % 11)))
  const KINDS = ['known', 'unknown', 'locked'] as const
  type Times = Record<(typeof KINDS)[number], number[]>

  /** How long refusals take, by the real clock, of an application that checks nothing for names that it does not know. */
  const measure = async (delay: 'adaptive' | 'none', rounds: number): Promise<Times> => {
    const login = createLogin({ store: memoryStore(), delay, secret: SECRET })
    let serial = 0
    const ask = async (subject: string, known: boolean): Promise<string> => {
      const request: GuardRequest = { method: 'POST', url: '/login', header: () => undefined, peer: botnet(serial++), secure: true }
      const verdict = await login.attempt({ subject, method: 'password', request }, async () => {
        if (!known) return UNKNOWN_SUBJECT
        await check(serial)
        return false
      })
      return verdict.kind
    }
    for (let i = 0; i < 5; i++) await ask('locked', true)
    const times: Times = { known: [], unknown: [], locked: [] }
    for (let i = 0; i < rounds; i++) {
      for (const kind of KINDS) {
        const began = performance.now()
        const answer = await ask(kind === 'locked' ? 'locked' : `${kind}${i}`, kind === 'known')
        times[kind].push(performance.now() - began)
        expect(answer).toBe(kind === 'locked' ? 'locked' : 'failed')
      }
    }
    return times
  }
  const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
  /** How often a sample of `a` is longer than one of `b`: a half when nobody can tell them apart. */
  const separation = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x) => sum + b.reduce((wins, y) => wins + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0) / (a.length * b.length)

  it('tells nobody whether a name exists or is locked: medians agree, and no threshold parts them [ASVS 6.3.8]', async () => {
    const times = await measure('adaptive', 15)
    const medians = KINDS.map((kind) => median(times[kind]))
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(Math.max(15, 0.35 * Math.max(...medians)))
    for (const other of ['unknown', 'locked'] as const) expect(Math.abs(separation(times.known, times[other]) - 0.5)).toBeLessThan(0.45)
  }, 90_000)

  it('would tell without the delay: the measurement sees what it should see', async () => {
    const times = await measure('none', 10)
    expect(median(times.known)).toBeGreaterThan(2 * median(times.unknown))
    expect(separation(times.known, times.locked)).toBeGreaterThan(0.95)
  }, 90_000)
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ campaignResponse: 'ban' }, 'login.campaignResponse'],
    [{ campaigns: { failedShare: 0 } }, 'login.campaigns.failedShare is 0'],
    [{ campaigns: { unknownShare: 2 } }, 'login.campaigns.unknownShare'],
    [{ campaigns: { sprayedSubjects: 1 } }, 'login.campaigns.sprayedSubjects'],
    [{ campaigns: { stuffedSubjects: 5_000 } }, 'login.campaigns.stuffedSubjects'],
    [{ campaigns: { window: 5 } }, 'login.campaigns has no option "window"'],
    [{ unlockLinkMs: 5 }, 'login.unlockLinkMs'],
    [{ geo: 'x.mmdb' }, 'login.geo'],
  ])('%j is refused at start, by name', (options, message) => {
    expect(() => createLogin({ store: memoryStore(), ...options })).toThrow(message)
  })
})
