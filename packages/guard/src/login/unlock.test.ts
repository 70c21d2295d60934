import { createKeyring } from '../keyring/keyring.js'
import { systemRandom, type Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createLogin, type Login, type LoginVerdict } from './login.js'
import type { LoginOptions } from './options.js'
import { createUnlockLinks } from './unlock-link.js'

fc.configureGlobal({ seed: 20_261_122 })
const MINUTE = 60_000
const SECRET = 'k3y-for-tests-0123456789abcdefghij'

type Setup = {
  login: Login
  store: Store
  advance: (ms: number) => void
  attempt: (password: string, cookie?: string, subject?: string) => Promise<LoginVerdict>
}
const setup = (options: Partial<LoginOptions> = {}): Setup => {
  let now = 1_800_000_000_000
  const store = options.store ?? memoryStore({ clock: () => now })
  const login = createLogin({ clock: () => now, delay: 'none', secret: SECRET, ...options, store })
  return {
    login,
    store,
    advance: (ms) => {
      now += ms
    },
    attempt: (password, cookie, subject = 'anna') => {
      const request: GuardRequest = {
        method: 'POST',
        url: '/login',
        header: (name) => (name === 'cookie' ? cookie : undefined),
        peer: '203.0.113.7',
        secure: true,
      }
      return login.attempt({ subject, method: 'password', request }, () => password === 'right')
    },
  }
}
const lock = async (s: Setup): Promise<void> => {
  for (let i = 0; i < 5; i++) await s.attempt('wrong')
  expect((await s.attempt('right')).kind).toBe('locked')
}

describe('an unlock link', () => {
  it('lifts the lock, and makes this browser known so that an attacker cannot lock its owner out here again', async () => {
    const s = setup()
    await lock(s)
    const { token } = await s.login.unlockLink(' Anna ')
    const unlocked = await s.login.unlockWith(token)
    expect(unlocked).toMatchObject({ kind: 'unlocked', subject: 'anna' })
    const cookie = unlocked.kind === 'unlocked' ? unlocked.cookies[0]?.split(';')[0] : undefined
    await lock(s)
    expect((await s.attempt('right', cookie)).kind).toBe('ok')
  })

  it('works once, also when two come at the same time', async () => {
    const s = setup()
    const { token } = await s.login.unlockLink('anna')
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => s.login.unlockWith(token)))
    expect(verdicts.filter(({ kind }) => kind === 'unlocked')).toHaveLength(1)
    expect(verdicts.filter(({ kind }) => kind === 'invalid')).toHaveLength(7)
    await lock(s)
    expect((await s.login.unlockWith(token)).kind).toBe('invalid')
    expect((await s.attempt('right')).kind).toBe('locked')
  })

  it('works for half an hour, and says until when', async () => {
    const s = setup()
    const [early, late] = [await s.login.unlockLink('anna'), await s.login.unlockLink('anna')]
    expect(early.expiresAt).toBe(1_800_000_000_000 + 30 * MINUTE)
    s.advance(30 * MINUTE - 1)
    expect((await s.login.unlockWith(early.token)).kind).toBe('unlocked')
    s.advance(1)
    expect((await s.login.unlockWith(late.token)).kind).toBe('invalid')
  })

  it('names nobody to who reads it, and is another each time', async () => {
    const s = setup()
    const [a, b] = [await s.login.unlockLink('anna-the-subject'), await s.login.unlockLink('anna-the-subject')]
    expect(a.token).not.toBe(b.token)
    for (const part of a.token.split('.')) expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain('anna')
    expect(a.token).toMatch(/^[\w.-]+$/)
  })

  it('that was changed, made by another key or for another purpose is invalid, whatever it is', async () => {
    const s = setup()
    const { token } = await s.login.unlockLink('anna')
    const { token: foreign } = await setup({ secret: 'another-secret-0123456789-abcdefghij' }).login.unlockLink('anna')
    const keyring = createKeyring({ keys: [SECRET] })
    const text = JSON.stringify({ s: 'anna', e: 9e15, i: 'x' })
    const other = [
      keyring.seal('guard.other', text, 'login'),
      keyring.seal('guard.unlock', text, 'other'),
      keyring.seal('guard.unlock', '[]', 'login'),
    ]
    for (const bad of [foreign, ...other, '', '.', 'x'.repeat(10_000), `${token}x`, token.slice(1), undefined as unknown as string])
      expect(await s.login.unlockWith(bad)).toEqual({ kind: 'invalid' })
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.constantFrom('a', 'Z', '0', '-', '.'), async (at, c) => {
        const changed = `${token.slice(0, at)}${c}${token.slice(at + 1)}`
        fc.pre(changed !== token)
        expect((await s.login.unlockWith(changed)).kind).toBe('invalid')
      }),
    )
    expect((await s.login.unlockWith(token)).kind).toBe('unlocked')
  })

  it('of a name that nobody goes by is made and taken like any other', async () => {
    const s = setup()
    const { token } = await s.login.unlockLink('nobody')
    expect(await s.login.unlockWith(token)).toMatchObject({ kind: 'unlocked' })
  })

  it('is degraded when the store does not answer, and refused at once without a key', async () => {
    const s = setup()
    const { token } = await s.login.unlockLink('anna')
    const broken = setup({ store: { ...s.store, write: () => Promise.reject(new Error('down')) } })
    expect(await broken.login.unlockWith(token)).toMatchObject({ kind: 'degraded' })
    const { secret: _secret, ...bare } = { secret: SECRET }
    const without = createLogin({ store: memoryStore(), ...bare })
    await expect(without.unlockLink('anna')).rejects.toMatchObject({ code: 'PPT_CONFIG_INVALID' })
    expect(await without.unlockWith(token)).toEqual({ kind: 'invalid' })
  })

  it('stays good through a rotation of keys', async () => {
    const store = memoryStore({ clock: () => 0 })
    const [old, next] = ['old-key-0123456789-abcdefghijklmn', 'new-key-0123456789-abcdefghijklmn']
    const links = (keys: string[]): ReturnType<typeof createUnlockLinks> =>
      createUnlockLinks({ keyring: createKeyring({ keys }), store, clock: () => 0, random: systemRandom, ttlMs: MINUTE })
    const { token } = links([old]).make('anna')
    expect(await links([next]).spend(token)).toBeUndefined()
    expect(await links([next, old]).spend(token)).toBe('anna')
  })
})

describe('forgetting the devices of a subject', () => {
  const deviceOf = async (s: Setup, subject = 'anna'): Promise<string> => {
    const verdict = await s.attempt('right', undefined, subject)
    return verdict.kind === 'ok' ? (verdict.cookies[0]?.split(';')[0] ?? '') : ''
  }

  it('makes each of them unknown again, and no device of anybody else', async () => {
    const s = setup()
    const [anna, bert] = [await deviceOf(s), await deviceOf(s, 'bert')]
    s.advance(1_000)
    await s.login.forgetDevices(' ANNA ')
    expect(await s.attempt('right', anna)).toMatchObject({ kind: 'ok', device: 'unknown' })
    expect(await s.attempt('right', bert, 'bert')).toMatchObject({ kind: 'ok', device: 'known' })
    const next = await deviceOf(s)
    expect(await s.attempt('right', next)).toMatchObject({ device: 'known' })
  })

  it('does not let a forgotten device pass a lock', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    s.advance(1_000)
    await s.login.forgetDevices('anna')
    await lock(s)
    expect((await s.attempt('right', cookie)).kind).toBe('locked')
  })

  it('that the store cannot tell of signs nobody in as known', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    const damaged = setup({
      store: { ...s.store, read: async (key) => (key.startsWith('login:devices:') ? { value: 'x', version: '1' } : s.store.read(key)) },
    })
    expect((await damaged.attempt('right', cookie)).kind).toBe('degraded')
  })
})
