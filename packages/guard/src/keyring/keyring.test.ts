import { createCipheriv, createHmac, hkdfSync } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring, keyringOfSecret } from './keyring.js'

fc.configureGlobal({ seed: 20_261_122 })

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const keyring = createKeyring({ keys: [NEW, OLD] })

describe('a signature', () => {
  it('is HMAC-SHA-256 under a key of its purpose, and names its key [ASVS 11.4.1]', () => {
    const key = Buffer.from(hkdfSync('sha256', NEW, 'parapet', 'sign:url', 32))
    const [id, mac] = keyring.sign('url', 'data').split('.')
    expect(mac).toBe(createHmac('sha256', key).update('data').digest('base64url'))
    expect(id).toMatch(/^[\w-]{8}$/)
  })

  it('holds for its purpose and its data only', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (data, other) => {
        const signature = keyring.sign('a', data)
        expect(keyring.verify('a', data, signature)).toBe(true)
        expect(keyring.verify('b', data, signature)).toBe(false)
        expect(keyring.verify('a', other, signature)).toBe(other === data)
      }),
    )
  })

  it('of an older key holds after a rotation, also one from before keys were named [ASVS 11.2.2]', () => {
    const before = createKeyring({ keys: [OLD] }).sign('a', 'data')
    expect(keyring.verify('a', 'data', before)).toBe(true)
    expect(keyring.verify('a', 'data', before.slice(before.indexOf('.') + 1))).toBe(true)
    expect(createKeyring({ keys: [NEW] }).verify('a', 'data', before)).toBe(false)
    expect(keyring.sign('a', 'data')).toBe(createKeyring({ keys: [NEW] }).sign('a', 'data'))
  })

  it('has one spelling', () => {
    const signature = keyring.sign('a', 'data')
    for (const odd of [`${signature}=`, `${signature} `, signature.slice(0, -1), `${signature}A`, '', '.', 'x'.repeat(100_000)])
      expect(keyring.verify('a', 'data', odd)).toBe(false)
    // the last character of 43 carries four bits: another one with the same four decodes to the same bytes
    const twin = signature.slice(0, -1) + String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1)
    expect(keyring.verify('a', 'data', twin)).toBe(false)
  })
})

describe('a signature that looks like one', () => {
  it('is refused in characters that share their low byte with the right ones', () => {
    const signature = keyring.sign('a', 'data')
    const dot = signature.indexOf('.')
    const body = signature.slice(dot + 1)
    const wide = body.replace(/^./, (c) => String.fromCharCode(c.charCodeAt(0) + 256))
    expect(keyring.verify('a', 'data', `${signature.slice(0, dot)}.${wide}`)).toBe(false)
    expect(keyring.verify('a', 'data', wide)).toBe(false)
  })

  it('is refused after a good one of the same data was just judged: nothing of it stays behind', () => {
    const signature = keyring.sign('a', 'data')
    const cut = `${signature.slice(0, -2)}é`
    expect(keyring.verify('a', 'data', signature)).toBe(true)
    for (const odd of [cut, `${signature.slice(0, -1)}\u0000`]) expect(keyring.verify('a', 'data', odd)).toBe(false)
    expect(keyring.verify('a', 'data', signature)).toBe(true)
  })

  it('is refused whichever of its characters is another', () => {
    const signature = keyring.sign('a', 'data')
    for (let i = 0; i < signature.length; i++) {
      for (const other of ['A', 'B', '-', '.', '=', ' ']) {
        if (signature[i] === other) continue
        expect(keyring.verify('a', 'data', signature.slice(0, i) + other + signature.slice(i + 1))).toBe(false)
      }
    }
  })
})

describe('derived keys', () => {
  it('are one for each key, the newest first, and apart from all that signs and seals', () => {
    const derived = keyring.derive('ids')
    expect(derived.map(({ id }) => `${id}.`)).toEqual([
      keyring.sign('a', '').slice(0, 9),
      createKeyring({ keys: [OLD] })
        .sign('a', '')
        .slice(0, 9),
    ])
    expect(Buffer.from(derived[0]?.key ?? [])).toEqual(Buffer.from(hkdfSync('sha256', NEW, 'parapet', 'derive:ids', 32)))
    expect(new Set([...derived, ...keyring.derive('other')].map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(4)
  })

  it('are the same list each time, so that what is built from them can be kept', () => {
    expect(keyring.derive('ids')).toBe(keyring.derive('ids'))
  })
})

describe('a sealed text', () => {
  it('opens for its purpose and in its context, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        const sealed = keyring.seal('a', text, context)
        expect(sealed).toMatch(/^[\w-]{8}\.[\w-]+$/)
        expect(keyring.open('a', sealed, context)).toBe(text)
        expect(() => keyring.open('b', sealed, context)).toThrow(expect.objectContaining({ code: 'PPT_SEALED_INVALID' }))
        expect(() => keyring.open('a', sealed, `${context}x`)).toThrow(expect.objectContaining({ code: 'PPT_SEALED_INVALID' }))
      }),
    )
  })

  it('is AES-256-GCM with nonce, text and tag in that order [ASVS 11.3.1, 11.3.2]', () => {
    const nonce = Buffer.alloc(12, 7)
    const fixed = createKeyring({ keys: [NEW], random: () => nonce })
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', NEW, 'parapet', 'seal:a', 32)), nonce)
    cipher.setAAD(Buffer.from('row 1'))
    const body = Buffer.concat([nonce, cipher.update('text'), cipher.final(), cipher.getAuthTag()])
    expect(fixed.seal('a', 'text', 'row 1').split('.')[1]).toBe(body.toString('base64url'))
  })

  it('does not open once a bit of it was changed, cut off or added [ASVS 11.3.3]', () => {
    const sealed = keyring.seal('a', 'text', 'row 1')
    const [id = '', body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (let i = 0; i < bytes.length * 8; i++) {
      const changed = Buffer.from(bytes)
      changed[i >> 3] = (changed[i >> 3] ?? 0) ^ (1 << (i & 7))
      expect(() => keyring.open('a', `${id}.${changed.toString('base64url')}`, 'row 1')).toThrow('A sealed value does not open')
    }
    for (const odd of ['', '.', id, `${id}.`, body, `x${sealed}`, sealed.slice(0, -4), `${sealed}AAAA`, `${sealed}=`])
      expect(() => keyring.open('a', odd, 'row 1')).toThrow('A sealed value does not open')
  })

  it('of an older key opens after a rotation, and differs each time [ASVS 11.2.2, 11.3.4]', () => {
    const before = createKeyring({ keys: [OLD] }).seal('a', 'text', 'row 1')
    expect(keyring.open('a', before, 'row 1')).toBe('text')
    expect(() => createKeyring({ keys: [NEW] }).open('a', before, 'row 1')).toThrow('A sealed value does not open')
    expect(keyring.seal('a', 'text', 'row 1')).not.toBe(keyring.seal('a', 'text', 'row 1'))
  })
})

describe('a key that could be guessed', () => {
  it('is refused by the name of its option, without being shown [ASVS 11.2.3]', () => {
    for (const keys of [[], ['short'], ['a'.repeat(64)], [Buffer.alloc(16)], [NEW, NEW], 'text', [1]])
      expect(() => createKeyring({ keys: keys as string[] })).toThrow('keyring.keys')
    expect(() => keyringOfSecret('login.secret', 'hunter2hunter2')).toThrow(/login\.secret is a text of 14 characters/)
    expect(() => createKeyring({ keys: ['hunter2'] })).not.toThrow('hunter2')
  })
})

describe('a keyring of many keys', () => {
  const all = Array.from({ length: 16 }, (_, i) => Buffer.alloc(32, i + 1))

  it('reads what each of them made, and writes with the first', () => {
    const many = createKeyring({ keys: all })
    for (const key of all) {
      const alone = createKeyring({ keys: [key] })
      expect(many.verify('a', 'data', alone.sign('a', 'data'))).toBe(true)
      expect(many.open('a', alone.seal('a', 'text', 'c'), 'c')).toBe('text')
    }
    expect(many.sign('a', 'data')).toBe(createKeyring({ keys: [all[0] ?? ''] }).sign('a', 'data'))
    expect(many.derive('ids').map(({ key }) => Buffer.from(key).toString('hex'))).toEqual(
      all.map((key) => Buffer.from(createKeyring({ keys: [key] }).derive('ids')[0]?.key ?? []).toString('hex')),
    )
  })

  it('does not take the name of one key for another', () => {
    const many = createKeyring({ keys: all })
    const [first, second] = all.map((key) =>
      createKeyring({ keys: [key] })
        .sign('a', 'data')
        .split('.'),
    )
    expect(many.verify('a', 'data', `${second?.[0]}.${first?.[1]}`)).toBe(false)
    const [one, two] = all.map((key) =>
      createKeyring({ keys: [key] })
        .seal('a', 'text', 'c')
        .split('.'),
    )
    expect(() => many.open('a', `${two?.[0]}.${one?.[1]}`, 'c')).toThrow('A sealed value does not open')
  })

  it('takes sixteen at the most', () => {
    expect(() => createKeyring({ keys: [...all, Buffer.alloc(32, 99)] })).toThrow('keyring.keys')
  })
})

describe('purposes', () => {
  it('are keys of their own for every use, so that nothing made for one means anything to another', () => {
    const names = ['a', 'b', 'sign:a', 'seal:a', 'derive:a', '', 'a ', 'A', '__proto__', 'constructor']
    const derived = names.flatMap((name) => keyring.derive(name).map(({ key }) => Buffer.from(key).toString('hex')))
    const macs = names.map((name) => keyring.sign(name, 'data'))
    expect(new Set([...derived, ...macs]).size).toBe(derived.length + macs.length)
    for (const name of names) {
      for (const other of names) expect(keyring.verify(name, 'data', keyring.sign(other, 'data'))).toBe(name === other)
    }
  })
})
