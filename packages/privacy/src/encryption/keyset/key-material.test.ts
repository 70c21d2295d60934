import { randomBytes } from 'node:crypto'
import { systemRandom } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { LABELS } from '../field/key-secret.js'
import { testKek, TEST_NOW } from '../fixtures/test-keyset.js'
import type { KekProvider, KeysetKey } from '../types.js'
import { checkUndamaged, type KeyOwner, makeKey, rewrapKey, unwrapKey } from './key-material.js'
import { firstKeyset } from './keyset-steps.js'

const OWNER: KeyOwner = { id: '0190f1c2-aaaa-7bbb-8ccc-0123456789ab', dev: false }
const kek = testKek()
const make = async (owner: KeyOwner = OWNER): Promise<KeysetKey> => {
  const [key] = firstKeyset({ ...owner, kek: kek.uri }, await makeKey(owner, { kek, random: systemRandom }), TEST_NOW).keys
  return key!
}
const flip = (text: string, byte: number): string => {
  const bytes = Buffer.from(text, 'base64url')
  bytes[byte] = (bytes[byte] ?? 0) ^ 1
  return bytes.toString('base64url')
}
const code = (name: string) => expect.objectContaining({ code: name })

describe('a wrapped key', () => {
  it('opens to the same key each time, with its KEK', async () => {
    const key = await make()
    const [one, other] = [await unwrapKey(OWNER, key, kek), await unwrapKey(OWNER, key, kek)]
    expect(one.prf(LABELS.token)).toEqual(other.prf(LABELS.token))
  })

  it('with the wrong KEK says so, and names the KEK: PPT_KEK', async () => {
    await expect(unwrapKey(OWNER, await make(), testKek('other'))).rejects.toEqual(
      expect.objectContaining({ code: 'PPT_KEK', detail: expect.stringContaining('file:/other') as string }),
    )
  })

  it('that was damaged says that it is damaged, not that the KEK is wrong', async () => {
    const key = await make()
    for (let byte = 0; byte < 61; byte++)
      await expect(unwrapKey(OWNER, { ...key, wrapped: flip(key.wrapped ?? '', byte) }, kek)).rejects.toEqual(code('PPT_KEYSET_INVALID'))
    await expect(unwrapKey(OWNER, { ...key, wrapped: (key.wrapped ?? '').slice(0, -4) }, kek)).rejects.toEqual(code('PPT_KEYSET_INVALID'))
    expect(() => checkUndamaged(OWNER, { ...key, kcv: flip(key.kcv, 3) })).toThrow(code('PPT_KEYSET_INVALID'))
  })

  it('is not taken for another one, even by a KEK that opens anything', async () => {
    const key = await make()
    const liar: KekProvider = { uri: 'file:/liar', wrap: kek.wrap, unwrap: () => Promise.resolve(randomBytes(32)) }
    await expect(unwrapKey(OWNER, key, liar)).rejects.toEqual(code('PPT_KEK'))
    for (const bytes of [0, 16, 31, 33, 64])
      await expect(unwrapKey(OWNER, key, { ...liar, unwrap: () => Promise.resolve(randomBytes(bytes)) })).rejects.toEqual(code('PPT_KEK'))
  })

  it('serves no other id, no other keyset, and does not leave development', async () => {
    const key = await make({ ...OWNER, dev: true })
    await expect(unwrapKey(OWNER, key, kek)).rejects.toEqual(code('PPT_KEYSET_INVALID'))
    const live = await make()
    await expect(unwrapKey({ ...OWNER, id: '0190f1c2-aaaa-7bbb-8ccc-000000000000' }, live, kek)).rejects.toEqual(code('PPT_KEYSET_INVALID'))
    await expect(unwrapKey(OWNER, { ...live, id: live.id === 1 ? 2 : 1 }, kek)).rejects.toEqual(code('PPT_KEYSET_INVALID'))
  })

  it('is refused by its KEK too when somebody fixes the digest of a moved one', async () => {
    const [one, other] = [await make(), await make({ ...OWNER, id: '0190f1c2-aaaa-7bbb-8ccc-000000000000' })]
    await expect(
      kek.unwrap(Buffer.from(one.wrapped ?? '', 'base64url'), `parapet keyset v1 ${OWNER.id} live key ${other.id}`),
    ).rejects.toEqual(code('PPT_KEK'))
  })

  it('that was destroyed does not open', async () => {
    const { wrapped: _, ...key } = await make()
    await expect(unwrapKey(OWNER, { ...key, status: 'destroyed' }, kek)).rejects.toEqual(code('PPT_KEY_DESTROYED'))
  })

  it('moves to another KEK and stays the key it was', async () => {
    const key = await make()
    const to = testKek('next')
    const again = { ...key, ...(await rewrapKey(OWNER, key, { from: kek, to })) }
    expect((await unwrapKey(OWNER, again, to)).prf(LABELS.token)).toEqual((await unwrapKey(OWNER, key, kek)).prf(LABELS.token))
    await expect(unwrapKey(OWNER, again, kek)).rejects.toEqual(code('PPT_KEK'))
  })
})

describe('makeKey', () => {
  it('takes no id that was used, nor 0', async () => {
    const ids = [0, 7, 7, 9].map((id) => Buffer.of(0, 0, 0, id))
    const random = (bytes: number): Uint8Array => (bytes === 4 ? (ids.shift() ?? Buffer.alloc(4)) : randomBytes(bytes))
    expect((await makeKey(OWNER, { kek, random, taken: [7] })).id).toBe(9)
  })

  it('leaves no copy of the key in what it was given', async () => {
    let given: Uint8Array = Buffer.alloc(0)
    await makeKey(OWNER, {
      kek: {
        wrap: (key, context) => {
          given = key
          return kek.wrap(key, context)
        },
      },
      random: systemRandom,
    })
    expect([...given].every((byte) => byte === 0)).toBe(true)
    await expect(
      makeKey(OWNER, {
        kek: {
          wrap: (key) => {
            given = key
            return Promise.reject(new Error('down'))
          },
        },
        random: systemRandom,
      }),
    ).rejects.toThrow('down')
    expect([...given].every((byte) => byte === 0)).toBe(true)
  })
})
