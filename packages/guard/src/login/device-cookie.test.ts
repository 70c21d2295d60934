import { systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDeviceCookies } from './device-cookie.js'
import { keyringOfSecret } from '../keyring/keyring.js'

const NOW = 1_800_000_000_000
const YEAR = 31_536_000_000
const keyring = keyringOfSecret('secret', 'k3y-for-tests-0123456789abcdefghij')
const shape = { name: 'device', secure: true, sameSite: 'lax' } as const
const devices = createDeviceCookies(keyring, shape, systemRandom)
const idOf = (...call: Parameters<typeof devices.read>): string | undefined => devices.read(...call)?.id
const pair = (setCookie: string): string => setCookie.split(';')[0] ?? ''

describe('a device cookie', () => {
  it('makes one browser known for one subject, and gives each its own id', () => {
    const [first, second] = [pair(devices.issue('anna', NOW)), pair(devices.issue('anna', NOW))]
    const ids = [idOf(first, 'anna', NOW), idOf(second, 'anna', NOW)]
    expect(ids[0]).toMatch(/^[\w-]{22}$/)
    expect(new Set(ids).size).toBe(2)
    expect(idOf(first, 'bert', NOW)).toBeUndefined()
  })

  it('names nobody: the subject is only in the signature', () => {
    expect(devices.issue('anna-the-subject', NOW)).not.toContain('anna')
  })

  it('holds for a year, and not before it was issued', () => {
    const cookie = pair(devices.issue('anna', NOW))
    expect(idOf(cookie, 'anna', NOW + YEAR - 1)).toBeDefined()
    expect(idOf(cookie, 'anna', NOW + YEAR)).toBeUndefined()
    expect(idOf(cookie, 'anna', NOW - 1)).toBeUndefined()
  })

  it('of another key, or signed for another purpose, is none', () => {
    const other = createDeviceCookies(keyringOfSecret('secret', 'another-key-0123456789-abcdefghijkl'), shape, systemRandom)
    expect(idOf(pair(other.issue('anna', NOW)), 'anna', NOW)).toBeUndefined()
    const id = 'a'.repeat(22)
    const issued = NOW.toString(36)
    const wrong = keyring.sign('guard.other', `${id}.${issued}.anna`)
    expect(idOf(`__Host-device=${id}.${issued}.${wrong}`, 'anna', NOW)).toBeUndefined()
    const right = keyring.sign('guard.device', `${id}.${issued}.anna`)
    expect(idOf(`__Host-device=${id}.${issued}.${right}`, 'anna', NOW)).toBe(id)
  })

  it('changed at any place is none', () => {
    const cookie = pair(devices.issue('anna', NOW))
    const value = cookie.slice(cookie.indexOf('=') + 1)
    fc.assert(
      fc.property(fc.nat({ max: value.length - 1 }), fc.constantFrom('a', 'Z', '0', '9', '_', '-', '.'), (at, c) => {
        const changed = `${value.slice(0, at)}${c}${value.slice(at + 1)}`
        // the last character of a base64url text holds bits that decode to nothing
        fc.pre(changed !== value && at !== value.length - 1)
        expect(idOf(`__Host-device=${changed}`, 'anna', NOW)).toBeUndefined()
      }),
    )
  })

  it('of any other text is none, for any subject', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 20 }), (text, subject) => {
        expect(idOf(text, subject, NOW)).toBeUndefined()
        expect(idOf(`__Host-device=${text}`, subject, NOW)).toBeUndefined()
      }),
    )
    expect(idOf(undefined, 'anna', NOW)).toBeUndefined()
  })

  it('cannot be moved between subjects by dots in their names', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z.]{1,8}$/), fc.stringMatching(/^[a-z.]{1,8}$/), (one, two) => {
        fc.pre(one !== two)
        expect(idOf(pair(devices.issue(one, NOW)), two, NOW)).toBeUndefined()
      }),
    )
  })

  it('has no prefix on plain http', () => {
    const plain = createDeviceCookies(keyring, { ...shape, secure: false }, systemRandom)
    expect(plain.issue('anna', NOW)).toMatch(/^device=.*; Path=\/; HttpOnly; SameSite=Lax; Max-Age=31536000$/)
  })
})
