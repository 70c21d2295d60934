import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import type { Store } from '@parapet/core'
import { type FactorStore, memoryFactors } from '../mfa/factor-store.js'
import { requestOf, slow, START } from '../mfa/fixtures/setup.js'
import { memoryStore } from '../store/memory-store.js'
import { assertion, makeKey, registration } from './fixtures/forge.js'
import { credential, type World, world } from './fixtures/world.js'
import { createPasskeys } from './passkeys.js'
import type { PasskeysOptions } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEY = makeKey('P-256')
const { bytes: ID, id: KEPT } = credential(5)
const request = requestOf()
const SESSION = 'session-1'

const counterOf = async ({ factors }: World): Promise<number | undefined> => (await factors.read('anna'))?.record.passkeys[0]?.counter

describe('a challenge', () => {
  it.each([30_000, 90_000, 30 * 60_000])('of %i ms is good to its last millisecond, and not beyond it', async (challengeMs) => {
    for (const [waited, kind] of [
      [challengeMs - 1, 'registered'],
      [challengeMs, 'failed'],
      [challengeMs + 1, 'failed'],
    ] as const) {
      // prettier-ignore
      const s = world({ challengeMs })
      const challenge = await s.begin()
      s.wait(waited)
      expect((await s.finish(registration(KEY, challenge))).kind).toBe(kind)
    }
  })

  it('says when it ends, as the browser is told', async () => {
    const begun = await world({ challengeMs: 45_000 }).passkeys.beginAuthentication()
    expect(begun).toMatchObject({ kind: 'begun', expiresAt: START + 45_000, options: { timeout: 45_000 } })
    expect(begun.kind === 'begun' && begun.cookie).toContain('Max-Age=45')
  })

  it('is still good after the clock was set back: nobody is kept out by that', async () => {
    const s = world()
    const challenge = await s.begin()
    s.wait(-3_600_000)
    expect((await s.finish(registration(KEY, challenge))).kind).toBe('registered')
  })

  it('in the other alphabet, with padding or spaces, in a list or as a number is not the one that was given out', async () => {
    const s = world()
    await s.register(KEY, { credentialId: ID })
    for (const change of [
      (challenge: string) => `${challenge}=`,
      (challenge: string) => ` ${challenge}`,
      (challenge: string) => challenge.toUpperCase(),
      (challenge: string) => Buffer.from(challenge, 'base64url').toString('hex'),
      (challenge: string) => [challenge],
      (challenge: string) => ({ toString: () => challenge }),
      () => 0,
      () => '',
      () => '__proto__',
    ]) {
      const begun = await s.passkeys.beginAuthentication({ subject: 'anna', session: SESSION })
      if (begun.kind !== 'begun') throw new Error(begun.kind)
      const client = { challenge: change(begun.options.challenge) }
      const response = assertion(KEY, ID, begun.options.challenge, { counter: 9, client })
      expect(await s.passkeys.finishAuthentication({ request, response, subject: 'anna', session: SESSION })).toEqual({ kind: 'failed' })
    }
  })

  it('for signing in as one subject signs in nobody else, and one without a subject nobody by name', async () => {
    const s = world()
    for (const subject of ['anna', 'bert']) {
      const challenge = await s.begin(subject)
      expect((await s.finish(registration(KEY, challenge, { credentialId: credential(subject.length).bytes }), subject)).kind).toBe(
        'registered',
      )
    }
    const about = { session: SESSION, request }
    const begun = await s.passkeys.beginAuthentication({ subject: 'anna', session: SESSION })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const response = assertion(KEY, credential(4).bytes, begun.options.challenge, { counter: 1 })
    expect(await s.passkeys.finishAuthentication({ ...about, response, subject: 'bert' })).toEqual({ kind: 'failed' })
    const open = await s.passkeys.beginAuthentication({ session: SESSION })
    if (open.kind !== 'begun') throw new Error(open.kind)
    const named = assertion(KEY, credential(4).bytes, open.options.challenge, { counter: 1 })
    expect(await s.passkeys.finishAuthentication({ ...about, response: named, subject: 'anna' })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('binding')
  })
})

describe('many at once', () => {
  it('register no more than a subject may have, each once', async () => {
    const clock = (): number => START
    const s = world({ store: slow(memoryStore({ clock })), factors: slow(memoryFactors()), maxPerSubject: 3 })
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => registration(KEY, await s.begin(), { credentialId: credential(i + 1).bytes })),
    )
    const ends = await Promise.all(answers.map((answer) => s.finish(answer)))
    expect(ends.filter(({ kind }) => kind === 'registered')).toHaveLength(3)
    expect(ends.filter((end) => end.kind === 'refused' && end.reason === 'too_many')).toHaveLength(5)
    expect((await s.factors.read('anna'))?.record.passkeys).toHaveLength(3)
  })

  it('begin for a subject of whom nothing is known yet, and all are told the same handle', async () => {
    const s = world({ factors: slow(memoryFactors()) })
    const about = { request, session: SESSION, userName: 'anna' }
    const begun = await Promise.all(Array.from({ length: 6 }, () => s.passkeys.beginRegistration('anna', about)))
    const handles = new Set(begun.map((one) => (one.kind === 'begun' ? one.options.user.id : one.kind)))
    expect([...handles]).toEqual([(await s.factors.read('anna'))?.record.handle])
    expect(new Set(begun.map((one) => (one.kind === 'begun' ? one.options.challenge : ''))).size).toBe(6)
  })

  it('with one counter are let in once: the others are copies of the key [ASVS 15.4.2]', async () => {
    const s = world({ factors: slow(memoryFactors()) })
    await s.register(KEY, { credentialId: ID })
    const ends = await Promise.all(Array.from({ length: 6 }, () => s.signIn(KEY, ID, { counter: 1 })))
    expect(ends.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
    expect(s.reports.filter(({ kind }) => kind === 'clone_suspected')).toHaveLength(5)
  })

  it('leave the highest counter behind, whichever comes last', async () => {
    const s = world({ factors: slow(memoryFactors()), onClone: 'report' })
    await s.register(KEY, { credentialId: ID })
    await Promise.all([5, 9, 2, 7].map((counter) => s.signIn(KEY, ID, { counter })))
    expect(await counterOf(s)).toBe(9)
  })

  it('rename and remove one passkey, and never bring it back', async () => {
    const s = world({ factors: slow(memoryFactors()) })
    await s.register(KEY, { credentialId: ID })
    const [, removed] = await Promise.all([
      s.passkeys.rename('anna', KEPT, 'Old'),
      s.passkeys.remove('anna', KEPT),
      s.signIn(KEY, ID, { counter: 1 }),
      s.passkeys.rename('anna', KEPT, 'New'),
    ])
    expect(removed).toEqual({ kind: 'removed' })
    expect(await s.passkeys.list('anna')).toEqual({ kind: 'listed', passkeys: [] })
    expect((await s.signIn(KEY, ID, { counter: 2 })).kind).toBe('failed')
  })
})

describe('the counter of signatures', () => {
  it('of 32 bits is read as it is, and its wrapping around is no growth', async () => {
    const s = world()
    await s.register(KEY, { credentialId: ID })
    for (const counter of [1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]) {
      expect((await s.signIn(KEY, ID, { counter })).kind).toBe('ok')
      expect(await counterOf(s)).toBe(counter)
    }
    for (const counter of [0, 1, 0xffff_ffff]) expect((await s.signIn(KEY, ID, { counter })).kind).toBe('failed')
    expect(s.why()).toBe('clone')
  })

  it('counts from where it stood when the passkey was registered', async () => {
    const s = world()
    await s.register(KEY, { credentialId: ID, counter: 100 })
    expect((await s.signIn(KEY, ID, { counter: 100 })).kind).toBe('failed')
    expect((await s.signIn(KEY, ID, { counter: 101 })).kind).toBe('ok')
  })

  it('lets in exactly those that count on, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 6 }), { maxLength: 12 }), async (counters) => {
        const s = world()
        await s.register(KEY, { credentialId: ID })
        let held = 0
        for (const counter of counters) {
          const grows = (counter === 0 && held === 0) || counter > held
          expect((await s.signIn(KEY, ID, { counter })).kind).toBe(grows ? 'ok' : 'failed')
          if (grows) held = counter
          expect(await counterOf(s)).toBe(held)
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('an outage in the middle', () => {
  /** A port that answers so many calls and no more. */
  const dying = <T extends object>(port: T, budget: { calls: number }): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, method]) => [
        name,
        async (...given: unknown[]) => {
          if (budget.calls-- <= 0) throw new Error('down')
          return (method as (...all: unknown[]) => unknown)(...given)
        },
      ]),
    ) as T
  const over = (options: Pick<PasskeysOptions, 'store' | 'factors'>) =>
    createPasskeys({ rpName: 'Acme', origins: ['https://app.example'], clock: () => START, ...options })

  it.each(['store', 'factors'] as const)('of the %s, after any number of calls, is told as that, and signs nobody in', async (part) => {
    const seen: unknown[] = []
    for (let calls = 0; calls < 9; calls++) {
      const store = memoryStore({ clock: () => START })
      const s = world({ store })
      await s.register(KEY, { credentialId: ID })
      const budget = { calls }
      const failing = over({
        store: part === 'store' ? dying<Store>(store, budget) : store,
        factors: part === 'factors' ? dying<FactorStore>(s.factors, budget) : s.factors,
      })
      const begun = await failing.beginAuthentication({ subject: 'anna', session: SESSION })
      const challenge = begun.kind === 'begun' ? begun.options.challenge : 'none'
      const response = assertion(KEY, ID, challenge, { counter: 1 })
      const end =
        begun.kind === 'begun' ? await failing.finishAuthentication({ request, response, subject: 'anna', session: SESSION }) : begun
      seen.push(end.kind === 'degraded' ? end.reason : end.kind)
      // whoever was not let in has not moved the counter on
      expect(await counterOf(s)).toBe(end.kind === 'ok' ? 1 : 0)
    }
    const first = seen.indexOf('ok')
    expect(first).toBeGreaterThan(1)
    expect(seen).toEqual(seen.map((_, calls) => (calls < first ? part : 'ok')))
  })

  it.each(['store', 'factors'] as const)('of the %s while a passkey is registered keeps none of it', async (part) => {
    const seen: unknown[] = []
    for (let calls = 0; calls < 9; calls++) {
      const [store, factors] = [memoryStore({ clock: () => START }), memoryFactors()]
      const budget = { calls }
      const failing = over({
        store: part === 'store' ? dying<Store>(store, budget) : store,
        factors: part === 'factors' ? dying<FactorStore>(factors, budget) : factors,
      })
      const begun = await failing.beginRegistration('anna', { request, session: SESSION, userName: 'anna' })
      const response = registration(KEY, begun.kind === 'begun' ? begun.options.challenge : 'none')
      const end = begun.kind === 'begun' ? await failing.finishRegistration('anna', { request, session: SESSION, response }) : begun
      seen.push(end.kind === 'degraded' ? end.reason : end.kind)
      expect((await factors.read('anna'))?.record.passkeys.length ?? 0).toBe(end.kind === 'registered' ? 1 : 0)
    }
    const first = seen.indexOf('registered')
    expect(first).toBeGreaterThan(1)
    expect(seen).toEqual(seen.map((_, calls) => (calls < first ? part : 'registered')))
  })

  it('of a record that always changes before it is written ends as an outage, not in a loop', async () => {
    const factors = memoryFactors()
    const s = world({ factors })
    await s.register(KEY, { credentialId: ID })
    let tries = 0
    const racing: FactorStore = {
      ...factors,
      write: async () => {
        tries++
        return false
      },
    }
    const one = over({ store: memoryStore(), factors: racing })
    expect(await one.rename('anna', KEPT, 'New')).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await one.remove('anna', KEPT)).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(tries).toBeLessThan(100)
  })
})

describe('names', () => {
  it.each<[string, unknown, string]>([
    ['without the spaces around it', '  My laptop  ', 'My laptop'],
    ['without line breaks, NUL and what turns text around', 'a\r\nb\u0000c\u202ed', 'a b c d'],
    ['cut, if it is a megabyte', 'x'.repeat(1_000_000), 'x'.repeat(64)],
    ['cut between characters', '\u{1F511}'.repeat(100), '\u{1F511}'.repeat(64)],
    ['without half a character', '\ud800', '\ufffd'],
    ['as the usual one, if nothing of it can be seen', '\u0000\u200b', 'Passkey'],
    ['as the usual one, if there is none', '', 'Passkey'],
    ['as the usual one, if it is a number', 7, 'Passkey'],
    ['as the usual one, if it is an object', { toString: () => 'x' }, 'Passkey'],
    ['as it is, if it is a key of objects', '__proto__', '__proto__'],
  ])('of a passkey is kept %s', async (_how, name, expected) => {
    const s = world()
    const response = registration(KEY, await s.begin())
    const end = await s.passkeys.finishRegistration('anna', { request, session: SESSION, response, name: name as string })
    expect(end).toMatchObject({ kind: 'registered', passkey: { name: expected } })
  })

  it('that a browser shows are cut to whole characters, and are text that can be sent', async () => {
    const s = world()
    for (const userName of ['\u{1F600}'.repeat(200), `${'x'.repeat(127)}\u{1F600}\u{1F600}`, 'a\ud83d', 'y'.repeat(1_000_000)]) {
      const begun = await s.passkeys.beginRegistration('anna', { request, session: SESSION, userName, displayName: userName })
      if (begun.kind !== 'begun') throw new Error(begun.kind)
      for (const shown of [begun.options.user.name, begun.options.user.displayName]) {
        expect(Array.from(shown).length).toBeLessThanOrEqual(128)
        expect(Buffer.from(shown).toString()).toBe(shown)
      }
    }
  })

  it.each<[string, unknown]>([
    ['no text', ''],
    ['513 characters', 'x'.repeat(513)],
    ['a number', 7],
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
  ])('%s for a subject is a mistake of the caller, and told as that', async (_what, subject) => {
    const s = world()
    const name = subject as string
    for (const ask of [
      () => s.passkeys.list(name),
      () => s.passkeys.rename(name, 'x', 'y'),
      () => s.passkeys.remove(name, 'x'),
      () => s.passkeys.beginRegistration(name, { request, session: SESSION, userName: 'x' }),
      () => s.passkeys.finishRegistration(name, { request, session: SESSION, response: {} }),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'PPT_INVALID', detail: 'subject: takes 1 to 512 characters' })
  })

  it('of subjects may be anything else: each has its own passkeys', async () => {
    const s = world()
    for (const subject of ['__proto__', 'constructor', 'a\u0000b', 'anna\r\n', 'x'.repeat(512), '\ud800'])
      expect((await s.finish(registration(KEY, await s.begin(subject)), subject)).kind).toBe('registered')
    for (const subject of ['__proto__', 'a\u0000b']) expect(await s.passkeys.list(subject)).toMatchObject({ passkeys: [{}] })
    for (const subject of ['toString', 'a', 'anna']) expect(await s.passkeys.list(subject)).toEqual({ kind: 'listed', passkeys: [] })
  })
})
