import * as fc from 'fast-check'
import { isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createTestKeyset } from '../fixtures/test-keyset.js'
import { formatKeyset, parseKeyset, readKeyset } from './parse-keyset.js'

fc.configureGlobal({ seed: 20_261_121 })

const { opened } = await createTestKeyset()
const good = JSON.parse(formatKeyset(opened.keyset)) as Record<string, unknown> & { keys: Record<string, unknown>[] }
const key = good.keys[0]!
const withKey = (change: Record<string, unknown>): unknown => ({ ...good, keys: [{ ...key, ...change }] })
/** `read`, or the code of the refusal. */
const outcome = (text: string): string => {
  try {
    parseKeyset(text)
    return 'read'
  } catch (error) {
    return isParapetError(error) ? error.code : String(error)
  }
}
const without = (record: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([each]) => each !== name))

describe('readKeyset', () => {
  it('reads what was written', () => {
    expect(parseKeyset(formatKeyset(opened.keyset))).toEqual(opened.keyset)
  })

  it('takes the path of a key file as people name folders', () => {
    const kek = 'file:/Users/Jürgen/Application Support/keys.json'
    expect(readKeyset({ ...good, kek }).kek).toBe(kek)
  })

  it.each<[string, RegExp, unknown]>([
    ['null', /the keyset is no object/, null],
    ['a list', /the keyset is no object/, [good]],
    ['a newer version', /version is not 1/, { ...good, version: 2 }],
    ['no version', /version is not 1/, without(good, 'version')],
    ['an id that is no UUID', /id is no UUID/, { ...good, id: '../../etc/passwd' }],
    ['no word of development', /dev is neither/, without(good, 'dev')],
    ['a word of development that is text', /dev is neither/, { ...good, dev: 'false' }],
    ['no kek', /kek is no URI/, without(good, 'kek')],
    ['a kek with a line break', /kek is no URI/, { ...good, kek: 'file:/a\nb' }],
    ['a kek with an escape sequence', /kek is no URI/, { ...good, kek: 'file:/a\u001b[2J' }],
    ['an unknown field', /the keyset has an unknown field/, { ...good, extra: 1 }],
    ['no keys', /keys is no list/, { ...good, keys: [] }],
    ['keys as an object', /keys is no list/, { ...good, keys: { 0: key } }],
    ['too many keys', /keys is no list/, { ...good, keys: Array.from({ length: 1001 }, () => key) }],
    ['a key that is text', /keys\[0\] is no object/, { ...good, keys: ['x'] }],
    ['a key with an unknown field', /keys\[0\] has an unknown field/, withKey({ key: 'x' })],
    ['id 0', /keys\[0\]\.id/, withKey({ id: 0 })],
    ['an id over 32 bits', /keys\[0\]\.id/, withKey({ id: 2 ** 32 })],
    ['an id that is text', /keys\[0\]\.id/, withKey({ id: '7' })],
    ['an unknown status', /status is none of/, withKey({ status: 'active' })],
    ['an unknown algorithm', /alg is not known/, withKey({ alg: 'none' })],
    ['no creation', /created is no time/, withKey({ created: undefined })],
    ['a negative creation', /created is no time/, withKey({ created: -1 })],
    ['a time as text', /created is no time/, withKey({ created: '2026' })],
    ['a status older than the key', /since is no time/, withKey({ since: Number(key['created']) - 1 })],
    ['a short kcv', /kcv is not 16 bytes/, withKey({ kcv: 'AAAA' })],
    ['a kcv that is no base64url', /kcv is not 16 bytes/, withKey({ kcv: '!'.repeat(22) })],
    ['no wrapped key', /wrapped is missing/, { ...good, keys: [without(key, 'wrapped')] }],
    ['a wrapped key that is null', /wrapped is not base64url/, withKey({ wrapped: null })],
    ['a wrapped key with a space', /wrapped is not base64url/, withKey({ wrapped: `${String(key['wrapped'])} ` })],
    ['a wrapped key that is too long', /wrapped is not base64url/, withKey({ wrapped: 'A'.repeat(20_000) })],
    ['a destroyed key that is still there', /is destroyed but still wrapped/, withKey({ status: 'destroyed' })],
    ['no primary', /0 keys are primary/, withKey({ status: 'enabled' })],
    ['two primaries', /2 keys are primary/, { ...good, keys: [key, { ...key, id: 7 }] }],
    ['the same id twice', /two keys have the same id/, { ...good, keys: [key, { ...key, status: 'enabled' }] }],
    ['every key destroyed', /every key is destroyed/, { ...good, keys: [{ ...without(key, 'wrapped'), status: 'destroyed' }] }],
  ])('refuses %s and names it', (_name, detail, value) => {
    expect(() => readKeyset(value)).toThrow(
      expect.objectContaining({ code: 'PPT_KEYSET_INVALID', detail: expect.stringMatching(detail) as string }),
    )
  })

  it('never repeats what it refuses', () => {
    expect(() => readKeyset(withKey({ alg: 'planted-secret' }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('planted') as string }),
    )
  })

  it('does not take the prototype for a field', () => {
    const inherited = Object.assign(Object.create({ dev: false }) as Record<string, unknown>, without(good, 'dev'))
    expect(() => readKeyset(JSON.parse(JSON.stringify(inherited)))).toThrow(/dev is neither/)
  })

  it('answers any JSON with a keyset or a refusal of its own', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(['read', 'PPT_KEYSET_INVALID']).toContain(outcome(text))
      }),
    )
  })

  it('answers any one damaged place of a keyset with a keyset or a refusal of its own', () => {
    const text = formatKeyset(opened.keyset)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 2 }), (at, put) => {
        expect(['read', 'PPT_KEYSET_INVALID']).toContain(outcome(text.slice(0, at) + put + text.slice(at + 1)))
      }),
      { numRuns: 1000 },
    )
  })

  it('reads no text beyond a few MiB', () => {
    expect(() => parseKeyset(' '.repeat(9_000_000))).toThrow(/too long/)
  })
})
