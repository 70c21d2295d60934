import type { Store } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { Place } from '../geo/types.js'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import type { SessionsOptions } from './options.js'
import { createSessions, type Sessions, type SessionVerdict } from './sessions.js'
import type { SessionReport } from './types.js'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const AGENTS = {
  chrome: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`,
  chromeNext: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/144.0.0.0 Safari/537.36`,
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
  pixel: `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/143.0.0.0 Mobile Safari/537.36`,
  pixelDesktop: `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/143.0.0.0 Safari/537.36`,
} as const

/** Whose addresses these are: two providers and a mobile network in Germany, one in the United States. */
const PLACES: readonly (readonly [prefix: string, place: Place])[] = [
  ['203.0.113.', { country: 'DE', city: 'Berlin', asn: 64_500, latitude: 52.5, longitude: 13.4, accuracyKm: 20 }],
  ['2001:db8:a', { country: 'DE', city: 'Berlin', asn: 64_500, latitude: 52.5, longitude: 13.4, accuracyKm: 50 }],
  ['100.7', { country: 'DE', asn: 64_501, latitude: 51.2, longitude: 9.5, accuracyKm: 500 }],
  ['2001:db8:b', { country: 'DE', asn: 64_501, latitude: 51.2, longitude: 9.5, accuracyKm: 500 }],
  ['198.51.100.', { country: 'US', city: 'New York', asn: 64_510, latitude: 40.7, longitude: -74, accuracyKm: 20 }],
  ['192.0.2.', { country: 'FR', city: 'Paris', asn: 64_520, latitude: 48.9, longitude: 2.4, accuracyKm: 20 }],
]
const geo = { lookup: (address: string): Place | undefined => PLACES.find(([prefix]) => address.startsWith(prefix))?.[1] }

type From = {
  readonly address?: string
  readonly agent?: string
  readonly language?: string
  readonly hints?: Readonly<Record<string, string>>
}
const HOME: From = {
  address: '203.0.113.7',
  agent: AGENTS.chrome,
  language: 'de-DE,de;q=0.9',
  hints: { 'sec-ch-ua-platform': '"Windows"', 'sec-ch-ua-mobile': '?0' },
}
const THIEF: From = { address: '198.51.100.66', agent: AGENTS.firefox, language: 'en-US', hints: {} }

type Browser = {
  readonly go: (from?: From) => Promise<SessionVerdict>
  cookie: string
}
type Setup = {
  sessions: Sessions
  store: Store
  reports: SessionReport[]
  advance: (ms: number) => void
  signIn: (from?: From, subject?: string, factors?: readonly string[]) => Promise<Browser>
  request: (cookie: string | undefined, from?: From) => GuardRequest
  /** another browser that holds the same cookie */
  steal: (browser: Browser, from?: From) => Browser
}
const setup = (options: Partial<SessionsOptions> = {}): Setup => {
  let now = 1_800_000_000_000
  const store = options.store ?? memoryStore({ clock: () => now })
  const reports: SessionReport[] = []
  const sessions = createSessions({
    clock: () => now,
    geo,
    report: (report) => report.kind === 'started' || reports.push(report),
    ...options,
    store,
  })
  const request: Setup['request'] = (cookie, from = {}) => {
    const { address = HOME.address, agent = HOME.agent, language = HOME.language, hints = HOME.hints } = from
    const headers: Record<string, string | undefined> = { ...hints, cookie, 'user-agent': agent, 'accept-language': language }
    return { method: 'GET', url: '/', header: (name) => headers[name], peer: address, secure: true }
  }
  const browserWith = (cookie: string, usual: From): Browser => {
    const browser: Browser = {
      cookie,
      go: async (from = {}) => {
        const verdict = await sessions.read(request(browser.cookie, { ...usual, ...from }))
        if (verdict.kind === 'active' && verdict.cookie !== undefined) browser.cookie = verdict.cookie.split(';')[0] ?? ''
        return verdict
      },
    }
    return browser
  }
  return {
    sessions,
    store,
    reports,
    request,
    advance: (ms) => {
      now += ms
    },
    signIn: async (from = HOME, subject = 'anna', factors = ['password']) => {
      const started = await sessions.start(subject, {}, request(undefined, from), { factors })
      if (started.kind !== 'started') throw new Error(started.kind)
      return browserWith(started.cookie.split(';')[0] ?? '', from)
    },
    steal: (browser, from = THIEF) => browserWith(browser.cookie, from),
  }
}
/** Plays a trace, and gives what was said at each step: `kind` of the verdict, or of its risk. */
const play = async (s: Setup, browser: Browser, trace: readonly (readonly [waitMs: number, from: From])[]): Promise<string[]> => {
  const said: string[] = []
  for (const [wait, from] of trace) {
    s.advance(wait)
    const verdict = await browser.go(from)
    said.push(verdict.kind === 'active' ? verdict.risk.kind : verdict.kind)
  }
  return said
}
const isSignedIn = (said: readonly string[]): boolean => said.every((kind) => kind === 'none' || kind === 'observe')

describe('an honest user is never signed out nor asked', () => {
  it('by happy eyeballs: IPv4 and IPv6 of one line take turns within a page', async () => {
    const s = setup()
    const browser = await s.signIn()
    const trace = Array.from(
      { length: 200 },
      (_, i) => [150 + (i % 7) * 40, i % 3 === 0 ? { address: `2001:db8:a:1:${(i * 37).toString(16)}::1` } : {}] as const,
    )
    expect(await play(s, browser, trace)).toEqual(trace.map(() => 'none'))
    expect(s.reports).toEqual([])
  })

  it('by a phone that leaves the house: wifi, mobile network, wifi, with both families', async () => {
    const s = setup()
    const browser = await s.signIn({ ...HOME, agent: AGENTS.phone, hints: {} })
    const day = [
      [5 * MINUTE, {}],
      [2 * MINUTE, { address: '100.70.1.1' }],
      [2 * SECOND, { address: '2001:db8:b:77::5' }],
      [3 * SECOND, { address: '100.71.200.4' }],
      [20 * MINUTE, { address: '100.72.3.9' }],
      [25 * MINUTE, { address: '2001:db8:b:9999::5' }],
      [10 * MINUTE, { address: '203.0.113.99' }],
      [1 * SECOND, { address: '2001:db8:a:1::9' }],
    ] as const
    expect(isSignedIn(await play(s, browser, day))).toBe(true)
    expect(s.reports).toEqual([])
  })

  it('by carrier-grade NAT that gives every connection another address', async () => {
    const s = setup()
    const browser = await s.signIn({
      ...HOME,
      address: '100.70.0.1',
      agent: AGENTS.pixel,
      hints: { 'sec-ch-ua-platform': '"Android"', 'sec-ch-ua-mobile': '?1' },
    })
    const trace = Array.from({ length: 300 }, (_, i) => [700, { address: `100.7${i % 10}.${(i * 53) % 256}.${(i * 91) % 256}` }] as const)
    expect(await play(s, browser, trace)).toEqual(trace.map(() => 'none'))
  })

  it('by a relay that hides his address behind another provider for every connection', async () => {
    const relay = { lookup: (address: string): Place => ({ country: 'DE', asn: 64_600 + (Number(address.split('.')[3]) % 4) }) }
    const s = setup({ geo: relay })
    const browser = await s.signIn({ ...HOME, agent: AGENTS.phone, hints: {} })
    const trace = Array.from({ length: 100 }, (_, i) => [400, { address: `104.2${i % 7}.${(i * 31) % 256}.${(i * 17) % 256}` }] as const)
    expect(await play(s, browser, trace)).toEqual(trace.map(() => 'none'))
  })

  it('by a company whose ways out lie in two countries, in turns', async () => {
    const exits = {
      lookup: (address: string): Place =>
        address.startsWith('203.')
          ? { country: 'DE', asn: 64_600, latitude: 50.1, longitude: 8.7, accuracyKm: 20 }
          : { country: 'NL', asn: 64_600, latitude: 52.4, longitude: 4.9, accuracyKm: 20 },
    }
    const s = setup({ geo: exits })
    const browser = await s.signIn()
    const trace = Array.from({ length: 60 }, (_, i) => [3 * SECOND, { address: i % 2 === 0 ? '192.0.2.1' : '203.0.113.7' }] as const)
    expect(isSignedIn(await play(s, browser, trace))).toBe(true)
    expect((await s.sessions.list('anna'))[0]).not.toHaveProperty('flag')
  })

  it('by updates of browser and system, week after week', async () => {
    const s = setup({ absoluteMs: 90 * 24 * HOUR, idleMs: 30 * 24 * HOUR })
    const browser = await s.signIn()
    const trace = Array.from(
      { length: 12 },
      (_, i) =>
        [
          7 * 24 * HOUR,
          { agent: AGENTS.chrome.replace('143', String(144 + i)), hints: { ...HOME.hints, 'sec-ch-ua': `"Chromium";v="${144 + i}"` } },
        ] as const,
    )
    expect(await play(s, browser, trace)).toEqual(trace.map(() => 'none'))
  })

  it('by asking for the desktop page on a phone, and back', async () => {
    const s = setup()
    const browser = await s.signIn({ ...HOME, agent: AGENTS.pixel, hints: { 'sec-ch-ua-platform': '"Android"', 'sec-ch-ua-mobile': '?1' } })
    const desktop = { agent: AGENTS.pixelDesktop, hints: { 'sec-ch-ua-platform': '"Linux"', 'sec-ch-ua-mobile': '?0' } }
    expect(
      await play(s, browser, [
        [MINUTE, desktop],
        [MINUTE, {}],
        [MINUTE, desktop],
      ]),
    ).toEqual(['none', 'none', 'none'])
  })

  it('by requests that send less: no hints for an image, no language for a socket', async () => {
    const s = setup()
    const browser = await s.signIn()
    expect(
      await play(s, browser, [
        [1, { hints: {} }],
        [1, { language: '' }],
        [1, { hints: {}, language: '' }],
      ]),
    ).toEqual(['none', 'none', 'none'])
  })

  it('by a flight: the new country is told once, and nothing is asked', async () => {
    const s = setup({ idleMs: 12 * HOUR })
    const browser = await s.signIn()
    const trace = [
      [9 * HOUR, { address: '198.51.100.9' }],
      [MINUTE, { address: '198.51.100.9' }],
      [MINUTE, { address: '198.51.100.77' }],
    ] as const
    expect(await play(s, browser, trace)).toEqual(['observe', 'none', 'none'])
    expect(s.reports).toMatchObject([
      { kind: 'at_risk', subject: 'anna', place: 'New York, US', placeBefore: 'Berlin, DE', risk: { kind: 'observe' } },
    ])
  })
})

describe('a journey through several countries', () => {
  it('is told once for each, and again for none that is known', async () => {
    const s = setup({ idleMs: 12 * HOUR, absoluteMs: 90 * 24 * HOUR })
    const browser = await s.signIn()
    const trace = ['198.51.100.9', '192.0.2.5', '203.0.113.7', '192.0.2.9', '198.51.100.77'].map(
      (address) => [10 * HOUR, { address }] as const,
    )
    expect(await play(s, browser, trace)).toEqual(['observe', 'observe', 'none', 'none', 'none'])
    expect(s.reports.map((report) => (report.kind === 'at_risk' ? report.place : ''))).toEqual(['New York, US', 'Paris, FR'])
  })
})

describe('a stolen cookie', () => {
  it('used on another browser in another country ends the session and tells everybody [ASVS 8.2.4]', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(20 * MINUTE)
    const thief = s.steal(browser)
    expect(await thief.go()).toMatchObject({ kind: 'revoked', session: { subject: 'anna' }, risk: { kind: 'revoke' } })
    expect(await thief.go()).toEqual({ kind: 'none' })
    expect((await browser.go()).kind).toBe('none')
    expect(s.reports).toMatchObject([
      { kind: 'at_risk', device: 'Firefox on Linux', deviceBefore: 'Chrome on Windows', place: 'New York, US', placeBefore: 'Berlin, DE' },
      { kind: 'revoked', subject: 'anna', reason: 'risk' },
    ])
  })

  it('used at home on another machine gets a new id, and the next use of the old one ends everything', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    const thief = s.steal(browser, { ...HOME, agent: AGENTS.firefox, hints: {} })
    const verdict = await thief.go()
    expect(verdict).toMatchObject({ kind: 'active', risk: { kind: 'rotate' }, session: { flag: { kind: 'rotate' } } })
    expect(verdict).toHaveProperty('cookie')
    s.advance(30 * SECOND)
    expect((await browser.go()).kind).toBe('replayed')
    expect((await thief.go()).kind).toBe('none')
  })

  it('keeps its id in a handshake, which sets no cookie: nobody would know the new one', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    const elsewhere = { ...HOME, agent: AGENTS.firefox, hints: {} }
    const verdict = await s.sessions.read({ ...s.request(browser.cookie, elsewhere), takesCookies: false })
    expect(verdict).toMatchObject({ kind: 'active', risk: { kind: 'rotate' }, session: { flag: { kind: 'rotate' } } })
    expect(verdict).not.toHaveProperty('cookie')
    s.advance(30 * SECOND)
    expect((await browser.go()).kind).toBe('active')
  })

  it('behind a copied User-Agent has to prove who uses it, and cannot get rid of that by going back [ASVS 8.2.4]', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(20 * MINUTE)
    const thief = s.steal(browser, { ...HOME, address: '198.51.100.66' })
    const verdict = await thief.go()
    expect(verdict).toMatchObject({ kind: 'active', risk: { kind: 'step_up' }, session: { flag: { kind: 'step_up' } } })
    expect(verdict.kind === 'active' && s.sessions.isFresh(verdict.session, HOUR)).toBe(false)
    // home again, nothing odd about it: the flag stays until somebody proves who he is
    s.advance(5 * MINUTE)
    const back = await browser.go()
    expect(back).toMatchObject({ kind: 'active', session: { flag: { kind: 'step_up' } } })
    expect((await s.sessions.list('anna'))[0]).toHaveProperty('flag')
  })

  it('does not make its network known by being used, however often', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    const thief = s.steal(browser, { ...HOME, address: '198.51.100.66' })
    for (let i = 0; i < 20; i++) {
      expect(await thief.go()).toMatchObject({ risk: { kind: 'step_up', signals: expect.arrayContaining(['country_changed']) as unknown } })
      s.advance(2 * MINUTE)
    }
    expect(s.reports.filter(({ kind }) => kind === 'at_risk')).toHaveLength(1)
  })

  it('used at the same time as the owner uses his session is seen, once the network was taken for his', async () => {
    const s = setup({ idleMs: 12 * HOUR })
    const browser = await s.signIn()
    s.advance(9 * HOUR)
    const thief = s.steal(browser, { ...HOME, address: '198.51.100.9' })
    await thief.go()
    s.advance(30 * SECOND)
    // the owner comes back: until then it was a journey
    expect(await browser.go()).toMatchObject({ risk: { signals: [] } })
    s.advance(15 * SECOND)
    expect(await thief.go()).toMatchObject({ risk: { kind: 'observe', signals: ['simultaneous_use'] } })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'at_risk' })
  })
})

describe('proving who one is', () => {
  it('lifts the flag, and takes this browser and network for the own from then on [ASVS 7.5.3]', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    const vpn = { address: '198.51.100.9' }
    expect(await browser.go(vpn)).toMatchObject({ session: { flag: { kind: 'step_up' } } })
    const rotation = await s.sessions.rotate(s.request(browser.cookie, { ...HOME, ...vpn }), { factors: ['totp'] })
    expect(rotation).toMatchObject({ kind: 'started', session: { factors: [{ factor: 'totp' }, { factor: 'password' }] } })
    expect(rotation.kind === 'started' && rotation.session.flag).toBeUndefined()
    browser.cookie = rotation.kind === 'started' ? (rotation.cookie.split(';')[0] ?? '') : ''
    expect(await browser.go(vpn)).toMatchObject({ kind: 'active', risk: { kind: 'none' } })
    expect(await browser.go()).not.toMatchObject({ session: { flag: {} } })
  })

  it('by a new id alone lifts nothing', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    await browser.go({ address: '198.51.100.9' })
    const rotation = await s.sessions.rotate(s.request(browser.cookie), { data: { seen: true } })
    expect(rotation).toMatchObject({ kind: 'started', session: { flag: { kind: 'step_up' } } })
  })

  it('is asked again when the device changes afterwards', async () => {
    const s = setup()
    const browser = await s.signIn()
    s.advance(MINUTE)
    expect(
      await browser.go({ agent: AGENTS.firefox.replace('X11; Linux x86_64', 'Windows NT 10.0; Win64; x64'), hints: {} }),
    ).toMatchObject({ risk: { kind: 'step_up', signals: ['browser_changed'] } })
  })
})

describe('binding', () => {
  it('strict: the address that changed signs out and tells, phones and all', async () => {
    const s = setup({ binding: 'strict' })
    const browser = await s.signIn()
    expect((await browser.go()).kind).toBe('active')
    expect(await browser.go({ address: '203.0.113.8' })).toMatchObject({
      kind: 'revoked',
      risk: { kind: 'revoke', signals: ['address_changed'] },
    })
    expect((await browser.go()).kind).toBe('none')
    expect(s.reports).toMatchObject([{ kind: 'at_risk' }, { kind: 'revoked', reason: 'address_changed' }])
  })

  it('strict with a tolerance lets a lease of the same range pass', async () => {
    const s = setup({ binding: 'strict', strict: { v4Prefix: 24, v6Prefix: 48 } })
    const browser = await s.signIn()
    expect((await browser.go({ address: '203.0.113.200' })).kind).toBe('active')
    const six = await s.signIn({ ...HOME, address: '2001:db8:a:1::1' })
    expect((await six.go({ address: '2001:db8:a:ffff::1' })).kind).toBe('active')
    expect((await six.go({ address: '2001:db8:b:1::1' })).kind).toBe('revoked')
  })

  it('strict holds a /64 for one address: privacy addresses change by the hour', async () => {
    const s = setup({ binding: 'strict' })
    const browser = await s.signIn({ ...HOME, address: '2001:db8:a:1::1' })
    expect((await browser.go({ address: '2001:db8:a:1:ffff::2' })).kind).toBe('active')
    expect((await browser.go({ address: '2001:db8:a:2::1' })).kind).toBe('revoked')
  })

  it('strict without a known address asks for proof: a missing fact is no pass', async () => {
    const s = setup({ binding: 'strict', clientAddress: () => ({ kind: 'unknown', reason: 'no_peer' }) })
    const browser = await s.signIn()
    expect(await browser.go()).toMatchObject({
      kind: 'active',
      risk: { kind: 'step_up', signals: ['address_unknown'] },
      session: { flag: {} },
    })
  })

  it('score without a known address judges the browser alone', async () => {
    const s = setup({ clientAddress: () => ({ kind: 'unknown', reason: 'no_peer' }) })
    const browser = await s.signIn()
    expect(await browser.go()).toMatchObject({ risk: { kind: 'none' } })
    expect(await browser.go({ agent: AGENTS.firefox, hints: {} })).toMatchObject({ risk: { kind: 'rotate' } })
  })

  it('off does nothing at all', async () => {
    const s = setup({ binding: 'off' })
    const browser = await s.signIn()
    expect(await s.steal(browser).go()).toMatchObject({ kind: 'active', risk: { kind: 'none' } })
    expect(s.reports).toEqual([])
  })

  it('is chosen by route or by role, and never switched off by an answer that means nothing', async () => {
    const byRole = setup({ binding: (session, request) => (session.subject === 'root' && request.url === '/' ? 'strict' : 'score') })
    expect((await (await byRole.signIn(HOME, 'root')).go({ address: '203.0.113.8' })).kind).toBe('revoked')
    expect((await (await byRole.signIn(HOME, 'anna')).go({ address: '203.0.113.8' })).kind).toBe('active')
    const odd = setup({ binding: () => 'none' as 'off' })
    expect((await odd.steal(await odd.signIn()).go()).kind).toBe('revoked')
  })
})

describe('what is kept', () => {
  it('of networks and browsers is worth nothing to who reads the store, beyond what lists show', async () => {
    const written: string[] = []
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    const s = setup({ store: { ...memory, write: async (key, value, more) => (written.push(value), memory.write(key, value, more)) } })
    await s.signIn({ ...HOME, address: '203.0.113.7' })
    const { networks, print, bound } = JSON.parse(written[0] ?? '') as Record<string, unknown>
    expect(JSON.stringify({ networks, print, bound })).not.toMatch(/203\.0\.113|Mozilla|143/)
    // the same network of another session has another name
    await s.signIn({ ...HOME, address: '203.0.113.7' })
    const other = JSON.parse(written.at(-1) ?? '') as { networks: readonly { n: string }[] }
    expect(other.networks[0]?.n).not.toBe((networks as readonly { n: string }[])[0]?.n)
  })

  it('reaches no list: only device and place in words of ours', async () => {
    const s = setup()
    await s.signIn({ ...HOME, agent: `${AGENTS.chrome} <script>alert(1)</script>` })
    const [session] = await s.sessions.list('anna')
    expect(session).toMatchObject({ device: 'Chrome on Windows', place: 'Berlin, DE', factors: [{ factor: 'password' }] })
    for (const hidden of ['networks', 'print', 'bound', 'told', 'kind']) expect(session).not.toHaveProperty(hidden)
  })

  it('from before prints were kept is learned from its next use, and nobody is signed out', async () => {
    const now = 1_800_000_000_000
    const store = memoryStore({ clock: () => now })
    const s = setup({ store })
    const browser = await s.signIn()
    const { value, key } = (await store.list(`sessions:${await groupHash('anna')}`))[0] ?? { value: '{}', key: '' }
    const { print: _print, networks: _networks, bound: _bound, factors: _factors, ...old } = JSON.parse(value) as Record<string, unknown>
    await store.write(key, JSON.stringify(old), { ttlMs: HOUR, group: `sessions:${await groupHash('anna')}` })
    expect(await browser.go({ agent: AGENTS.firefox })).toMatchObject({ kind: 'active', risk: { kind: 'none' }, session: { factors: [] } })
    s.advance(2 * MINUTE)
    await browser.go()
    expect(await s.steal(browser).go()).toMatchObject({ kind: 'revoked' })
  })
})

const groupHash = async (subject: string): Promise<string> =>
  (await import('node:crypto')).createHash('sha256').update(subject).digest('base64url')

describe('watching only', () => {
  it('tells what would have been done, and does nothing', async () => {
    const s = setup({ risk: { mode: 'observe' } })
    const browser = await s.signIn()
    const thief = s.steal(browser)
    expect(await thief.go()).toMatchObject({ kind: 'active', risk: { kind: 'revoke' } })
    expect(await thief.go()).toMatchObject({ kind: 'active' })
    expect(await browser.go()).toMatchObject({ kind: 'active' })
    expect(s.reports).toMatchObject([{ kind: 'at_risk', risk: { kind: 'revoke' } }])
    expect((await s.sessions.list('anna'))[0]).not.toHaveProperty('flag')
  })
})

describe('trouble', () => {
  it('with writing leaves a session at risk flagged for this request', async () => {
    let readOnly = false
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    const s = setup({
      store: { ...memory, write: (...call) => (readOnly ? Promise.reject(new Error('read only')) : memory.write(...call)) },
    })
    const browser = await s.signIn()
    readOnly = true
    expect(await browser.go({ address: '198.51.100.9' })).toMatchObject({ kind: 'active', session: { flag: { kind: 'step_up' } } })
  })

  it('with ending a stolen session is degraded, and never active', async () => {
    const memory = memoryStore({ clock: () => 1_800_000_000_000 })
    const s = setup({ store: { ...memory, remove: () => Promise.reject(new Error('down')) } })
    const browser = await s.signIn()
    expect((await s.steal(browser).go()).kind).toBe('degraded')
  })

  it('in who listens changes nothing', async () => {
    const s = setup({
      report: () => {
        throw new Error('listener')
      },
    })
    expect((await s.steal(await s.signIn()).go()).kind).toBe('revoked')
  })
})

describe('options of the score', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ binding: 'lax' }, 'session.binding'],
    [{ geo: () => undefined }, 'session.geo'],
    [{ strict: { v4Prefix: 4 } }, 'session.strict.v4Prefix'],
    [{ strict: { v6Prefix: 129 } }, 'session.strict.v6Prefix'],
    [{ strict: { prefix: 24 } }, 'session.strict has no option "prefix"'],
    [{ risk: { mode: 'off' } }, 'session.risk.mode'],
    [{ risk: { weights: { moon_phase: 5 } } }, 'session.risk.weights has no option "moon_phase"'],
    [{ risk: { weights: { asn_changed: -1 } } }, 'session.risk.weights.asn_changed'],
    [{ risk: { thresholds: { revoke: 10 } } }, 'session.risk.thresholds.revoke is 10; give 70 or more'],
    [{ risk: { thresholds: { none: 0 } } }, 'session.risk.thresholds has no option "none"'],
    [{ risk: { maxKmh: 5 } }, 'session.risk.maxKmh'],
    [{ risk: { level: 5 } }, 'session.risk has no option "level"'],
  ])('%j are refused at start, by name', (options, message) => {
    expect(() => createSessions({ store: memoryStore(), ...options })).toThrow(message)
  })

  it('are data: a weight changes what a sign comes to', async () => {
    const s = setup({ risk: { weights: { country_changed: 100 } } })
    const browser = await s.signIn()
    s.advance(9 * HOUR)
    const late = setup({ idleMs: 12 * HOUR, risk: { weights: { country_changed: 100 } } })
    const roaming = await late.signIn()
    late.advance(9 * HOUR)
    expect((await roaming.go({ address: '198.51.100.9' })).kind).toBe('revoked')
    expect((await browser.go()).kind).toBe('none')
  })
})
