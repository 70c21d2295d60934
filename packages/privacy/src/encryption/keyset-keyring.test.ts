import { createHmac } from 'node:crypto'
import { ParapetError, systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestKeyset } from './fixtures/test-keyset.js'
import { addPending, disableKey, enableKey, promoteKey, SETTLE_MS } from './keyset/keyset-steps.js'
import { makeKey } from './keyset/key-material.js'
import { openKeyset } from './open-keyset.js'

fc.configureGlobal({ seed: 20_261_122 })

const idOf = (text: string): number => Number(text.slice(0, text.indexOf('.')))

/** The error that a call throws. */
const thrown = (call: () => unknown): ParapetError => {
  try {
    call()
  } catch (error) {
    if (error instanceof ParapetError) return error
  }
  throw new Error('nothing was thrown')
}

describe('the keyring of a keyset', async () => {
  const { opened } = await createTestKeyset('keyring')
  const { keyring } = opened

  it('signs with the primary key, by its id', () => {
    const signature = keyring.sign('a', 'data')
    expect(idOf(signature)).toBe(opened.cipher.primaryKeyId)
    expect(signature).toMatch(/^\d{1,10}\.[\w-]{43}$/)
    expect(keyring.sign('a', 'data')).toBe(signature)
  })

  it('keeps the keys of uses and of purposes apart', () => {
    const made = new Set([keyring.sign('a', 'x').split('.')[1], keyring.sign('b', 'x').split('.')[1]])
    for (const { key } of [...keyring.derive('a'), ...keyring.derive('b')]) {
      made.add(Buffer.from(key).toString('base64url'))
      made.add(createHmac('sha512', key).update('x').digest().toString('base64url', 0, 32))
    }
    expect(made.size).toBe(6)
  })

  it('holds for its purpose and its data only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (data, other) => {
        const signature = keyring.sign('a', data)
        expect(keyring.verify('a', data, signature)).toBe(true)
        expect(keyring.verify('b', data, signature)).toBe(false)
        expect(keyring.verify('a', other, signature)).toBe(other === data)
      }),
    )
  })

  it('has one spelling of a signature', () => {
    const signature = keyring.sign('a', 'data')
    const [id = '', mac = ''] = signature.split('.')
    for (const odd of [
      `0${signature}`,
      ` ${signature}`,
      `+${signature}`,
      `${id}.0.${mac}`,
      `${Number(id).toExponential()}.${mac}`,
      `0x${Number(id).toString(16)}.${mac}`,
      `.${mac}`,
      mac,
      `${signature}=`,
      `${signature}A`,
      signature.slice(0, -1),
      `${Number(id) + 1}.${mac}`,
      '',
      '.',
      'x'.repeat(100_000),
      `${id}.${'é'.repeat(43)}`,
    ])
      expect(keyring.verify('a', 'data', odd)).toBe(false)
    for (let i = 0; i < mac.length; i++)
      expect(keyring.verify('a', 'data', `${id}.${mac.slice(0, i)}${mac[i] === 'A' ? 'B' : 'A'}${mac.slice(i + 1)}`)).toBe(false)
  })

  it('opens what it sealed, in its purpose and context, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        const sealed = keyring.seal('a', text, context)
        expect(sealed).toMatch(/^\d{1,10}\.[\w-]+$/)
        expect(keyring.open('a', sealed, context)).toBe(text)
        expect(thrown(() => keyring.open('b', sealed, context)).code).toBe('PPT_SEALED_INVALID')
        expect(thrown(() => keyring.open('a', sealed, `${context}x`)).code).toBe('PPT_SEALED_INVALID')
      }),
    )
  })

  it('opens nothing that was changed, cut off or added to [ASVS 11.2.5, 11.3.3]', () => {
    const sealed = keyring.seal('a', 'text', 'row 1')
    const [id = '', body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (let i = 0; i < bytes.length * 8; i++) {
      const changed = Buffer.from(bytes)
      changed[i >> 3] = (changed[i >> 3] ?? 0) ^ (1 << (i & 7))
      expect(thrown(() => keyring.open('a', `${id}.${changed.toString('base64url')}`, 'row 1')).code).toBe('PPT_SEALED_INVALID')
    }
    for (const odd of ['', '.', id, `${id}.`, body, `x${sealed}`, sealed.slice(0, -4), `${sealed}AAAA`, `${sealed}=`, `0${sealed}`])
      expect(thrown(() => keyring.open('a', odd, 'row 1')).code).toBe('PPT_SEALED_INVALID')
  })

  it('seals one text twice into two [ASVS 11.3.4]', () => {
    expect(keyring.seal('a', 'text', 'row 1')).not.toBe(keyring.seal('a', 'text', 'row 1'))
  })

  it('says of a key of somebody else that it is unknown, and shows nothing of the text', async () => {
    const other = await createTestKeyset('somebody else')
    const sealed = other.opened.keyring.seal('a', 'text', 'row 1')
    const error = thrown(() => keyring.open('a', sealed, 'row 1'))
    expect(error).toMatchObject({ code: 'PPT_SEALED_INVALID', cause: expect.objectContaining({ code: 'PPT_KEY_UNKNOWN' }) })
    expect(error.message).toContain(`key ${idOf(sealed)} of the keyring`)
    expect(keyring.verify('a', 'data', other.opened.keyring.sign('a', 'data'))).toBe(false)
  })
})

describe('after a rotation', () => {
  it('the new key signs and seals, and what the old one made still holds [ASVS 11.2.2, 13.3.4]', async () => {
    const keys = await createTestKeyset('rotated')
    const { keyring } = keys.opened
    const [signature, sealed] = [keyring.sign('a', 'data'), keyring.seal('a', 'text', 'row 1')]
    const before = keyring.derive('ids')
    const id = await keys.rotate()
    expect(idOf(keyring.sign('a', 'data'))).toBe(id)
    expect(idOf(keyring.seal('a', 'text', 'row 1'))).toBe(id)
    expect(keyring.verify('a', 'data', signature)).toBe(true)
    expect(keyring.open('a', sealed, 'row 1')).toBe('text')
    const after = keyring.derive('ids')
    expect(after.map((key) => key.id)).toEqual([`${id}`, `${idOf(signature)}`])
    expect(after[1]).toEqual(before[0])
    expect(after[0]?.key).not.toEqual(after[1]?.key)
  })

  it('derived keys are the same list until keys change', async () => {
    const keys = await createTestKeyset('same list')
    const { keyring } = keys.opened
    const before = keyring.derive('ids')
    expect(await keys.opened.refresh()).toBe(false)
    expect(keyring.derive('ids')).toBe(before)
    await keys.rotate()
    expect(keyring.derive('ids')).not.toBe(before)
    expect(keyring.derive('ids')).toBe(keyring.derive('ids'))
  })

  it('a process that has not seen the promotion reads what the promoted key made', async () => {
    const keys = await createTestKeyset('rolling')
    await keys.step(async (keyset, now) => addPending(keyset, await makeKey(keyset, { kek: keys.kek, random: systemRandom }), now))
    const slow = await openKeyset({ store: keys.store, kek: keys.kek, clock: keys.now, production: true })
    const [primary, pending] = slow.keyring.derive('ids')
    expect(primary?.id).toBe(`${slow.cipher.primaryKeyId}`)
    keys.wait(SETTLE_MS)
    await keys.step((keyset, now) => promoteKey(keyset, Number(pending?.id), { now }))
    await keys.opened.refresh()
    const { keyring } = keys.opened
    expect(`${idOf(keyring.sign('a', 'data'))}`).toBe(pending?.id)
    expect(slow.keyring.verify('a', 'data', keyring.sign('a', 'data'))).toBe(true)
    expect(slow.keyring.open('a', keyring.seal('a', 'text', 'c'), 'c')).toBe('text')
  })
})

describe('a key that was taken out of use', () => {
  it('neither verifies nor opens while it is disabled, and does again once it is enabled', async () => {
    const keys = await createTestKeyset('disabled')
    const { keyring } = keys.opened
    const [signature, sealed] = [keyring.sign('a', 'data'), keyring.seal('a', 'text', 'row 1')]
    await keys.rotate()
    await keys.step((keyset, now) => disableKey(keyset, idOf(signature), now))
    await keys.opened.refresh()
    expect(keyring.verify('a', 'data', signature)).toBe(false)
    expect(thrown(() => keyring.open('a', sealed, 'row 1'))).toMatchObject({
      code: 'PPT_SEALED_INVALID',
      cause: expect.objectContaining({ code: 'PPT_KEY_DISABLED' }),
    })
    expect(keyring.derive('ids')).toHaveLength(1)
    await keys.step((keyset, now) => enableKey(keyset, idOf(signature), now))
    await keys.opened.refresh()
    expect(keyring.verify('a', 'data', signature)).toBe(true)
    expect(keyring.open('a', sealed, 'row 1')).toBe('text')
  })

  it('is refused for good once it is destroyed', async () => {
    const keys = await createTestKeyset('destroyed')
    const { keyring } = keys.opened
    const [signature, sealed] = [keyring.sign('a', 'data'), keyring.seal('a', 'text', 'row 1')]
    await keys.rotate()
    await keys.destroy(idOf(signature))
    expect(keyring.verify('a', 'data', signature)).toBe(false)
    const error = thrown(() => keyring.open('a', sealed, 'row 1'))
    expect(error).toMatchObject({ code: 'PPT_SEALED_INVALID', cause: expect.objectContaining({ code: 'PPT_KEY_DESTROYED' }) })
    expect(error.detail).toContain('destroyed')
    expect(keyring.derive('ids').map(({ id }) => id)).toEqual([`${keys.opened.cipher.primaryKeyId}`])
  })

  it('a closed keyset does nothing more', async () => {
    const keys = await createTestKeyset('closed')
    const { keyring } = keys.opened
    const signature = keyring.sign('a', 'data')
    keys.opened.close()
    for (const use of [
      () => keyring.sign('a', 'data'),
      () => keyring.verify('a', 'data', signature),
      () => keyring.seal('a', 'x', ''),
      () => keyring.open('a', signature, ''),
      () => keyring.derive('a'),
    ])
      expect(thrown(use).code).toBe('PPT_KEYSET_INVALID')
  })

  it('one that could not be read for too long signs and seals no more, and still verifies', async () => {
    const keys = await createTestKeyset('old')
    const old = await openKeyset({ store: keys.store, kek: keys.kek, clock: keys.now, production: true, maxAgeMs: 60_000 })
    const [signature, sealed] = [old.keyring.sign('a', 'data'), old.keyring.seal('a', 'text', 'c')]
    keys.wait(60_001)
    expect(thrown(() => old.keyring.sign('a', 'data')).code).toBe('PPT_KEYSET_INVALID')
    expect(thrown(() => old.keyring.seal('a', 'text', 'c')).code).toBe('PPT_KEYSET_INVALID')
    expect(old.keyring.verify('a', 'data', signature)).toBe(true)
    expect(old.keyring.open('a', sealed, 'c')).toBe('text')
  })
})
