import { systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { KEYS, requestOf, slow, START } from './fixtures/setup.js'
import { createPendingTokens } from './pending.js'

fc.configureGlobal({ seed: 20_261_122 })

const browser = requestOf()
const about = { subject: 'anna', method: 'password', expiresAt: START + 300_000 } as const
const shape = { name: 'mfa', secure: true, sameSite: 'lax' } as const
const tokensOf = (keys: readonly Uint8Array[] = [KEYS[0]]) =>
  createPendingTokens({ keyring: createKeyring({ keys }), store: slow(memoryStore({ clock: () => START })), random: systemRandom }, shape)

describe('the token of a sign-in between its two factors', () => {
  it('says who waits, since which method and until when, to us and to nobody else', () => {
    const tokens = tokensOf()
    const { token } = tokens.issue(about, browser)
    expect(tokens.read(browser, token, START)).toMatchObject(about)
    expect(tokensOf([KEYS[1]]).read(browser, token, START)).toBeUndefined()
    expect(tokensOf([KEYS[1], KEYS[0]]).read(browser, token, START)).toMatchObject(about)
    // two of one subject are two sign-ins
    const second = tokens.issue(about, browser).token
    expect(second).not.toBe(token)
    expect(tokens.read(browser, second, START)?.id).not.toBe(tokens.read(browser, token, START)?.id)
  })

  it('holds for any subject that there can be, and does not show it', () => {
    const tokens = tokensOf()
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 512, unit: 'grapheme' }), (subject) => {
        const { token, cookie } = tokens.issue({ ...about, subject }, browser)
        expect(tokens.read(browser, token, START)?.subject).toBe(subject)
        expect(cookie).toMatch(/^__Host-mfa=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
      }),
    )
    expect(Buffer.from(tokens.issue(about, browser).token, 'base64url').includes('anna')).toBe(false)
  })

  it('fits into a cookie even for the longest subject [ASVS 3.3.5]', () => {
    expect(tokensOf().issue({ ...about, subject: 'x'.repeat(512) }, browser).cookie.length).toBeLessThan(4_096)
    expect(tokensOf().issue({ ...about, subject: 'ü'.repeat(512) }, browser).cookie.length).toBeLessThan(4_096)
  })

  it('does not survive a change of any character, a cut or an addition', () => {
    const tokens = tokensOf()
    const { token } = tokens.issue(about, browser)
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'A' ? 'B' : 'A'
      expect(tokens.read(browser, token.slice(0, i) + other + token.slice(i + 1), START)).toBeUndefined()
      expect(tokens.read(browser, token.slice(0, i), START)).toBeUndefined()
    }
    expect(tokens.read(browser, `${token}A`, START)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => tokens.read(browser, text, START) === undefined))
  })

  it('ends at its time, to the millisecond', () => {
    const tokens = tokensOf()
    const { token } = tokens.issue(about, browser)
    expect(tokens.read(browser, token, about.expiresAt - 1)).toBeDefined()
    expect(tokens.read(browser, token, about.expiresAt)).toBeUndefined()
  })

  it('is read from its own cookie, among others, and only under its full name', () => {
    const tokens = tokensOf()
    const { token } = tokens.issue(about, browser)
    expect(tokens.read(requestOf({ cookie: `mfa=x; __Host-mfa=${token}; y=z` }), undefined, START)).toMatchObject(about)
    for (const cookie of [`mfa=${token}`, `x__Host-mfa=${token}`, `__host-mfa=${token}`, ''])
      expect(tokens.read(requestOf({ cookie }), undefined, START)).toBeUndefined()
    expect(tokens.clearCookie()).toContain('Max-Age=0')
  })

  it('is bound to the user agent that was there at the first factor, also to none', () => {
    const tokens = tokensOf()
    const { token } = tokens.issue(about, requestOf({ agent: '' }))
    expect(tokens.read(requestOf({ agent: '' }), token, START)).toBeDefined()
    expect(tokens.read(browser, token, START)).toBeUndefined()
  })

  it('is used by the first that asks, of any number at once', async () => {
    const tokens = tokensOf()
    const pending = tokens.read(browser, tokens.issue(about, browser).token, START)!
    expect(await tokens.isUsed(pending)).toBe(false)
    const used = await Promise.all(Array.from({ length: 20 }, () => tokens.use(pending, START)))
    expect(used.filter(Boolean)).toHaveLength(1)
    expect(await tokens.isUsed(pending)).toBe(true)
  })
})
