import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { b64, type Cbor, cbor, type Key, makeKey } from './fixtures/forge.js'
import { credential, world } from './fixtures/world.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEYS: Readonly<Record<'ES256' | 'EdDSA' | 'RS256', Key>> = {
  ES256: makeKey('P-256'),
  EdDSA: makeKey('ed25519'),
  RS256: makeKey('rsa'),
}
const NAMES = ['ES256', 'EdDSA', 'RS256'] as const
const { bytes: ID, id: KEPT } = credential(7)
/** A key with some of its fields replaced, or taken away by `undefined`. */
const cose = (key: Key, over: ReadonlyMap<number, Cbor | undefined>): Buffer => {
  const fields = new Map<number, Cbor>(key.cose)
  for (const [name, value] of over)
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  return cbor(fields)
}

describe('the algorithms that are offered', () => {
  it.each(NAMES)('%s registers, signs in, and counts', async (name) => {
    const s = world()
    expect(await s.register(KEYS[name], { credentialId: ID })).toMatchObject({ kind: 'registered', passkey: { id: KEPT } })
    expect(await s.signIn(KEYS[name], ID, { counter: 1 })).toMatchObject({ kind: 'ok', subject: 'anna' })
    expect(await s.signIn(KEYS[name], ID, { counter: 2 })).toMatchObject({ kind: 'ok' })
    expect((await s.factors.read('anna'))?.record.passkeys[0]).toMatchObject({ counter: 2, publicKey: b64(cbor(KEYS[name].cose)) })
  })

  it('are those that a browser is told of, in this order', async () => {
    const s = world()
    const begun = await s.passkeys.beginRegistration('anna', { request: { method: 'POST', url: '/', headers: {}, socket: {} }, session: 's', userName: 'a' }) // prettier-ignore
    expect(begun.kind === 'begun' && begun.options.pubKeyCredParams).toEqual([-8, -7, -257].map((alg) => ({ alg, type: 'public-key' })))
  })

  it.each(['P-384', 'P-521', 'secp256k1'] as const)('a key on %s, which nobody asked for, is refused before it is kept', async (kind) => {
    const s = world()
    expect(await s.register(makeKey(kind))).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('invalid')
    expect(await s.passkeys.list('anna')).toEqual({ kind: 'listed', passkeys: [] })
  })

  // RS1 and RS512 sign with the same key; ML-DSA is for later; the others are no numbers at all, or far beyond any
  it.each<[string, Cbor | undefined]>([
    ['SHA-1 with RSA', -65_535],
    ['SHA-512 with RSA', -259],
    ['an algorithm to come', -49],
    ['a text', '-257'],
    ['none', undefined],
    ['a number that is another with its sign lost', 257],
    ['a list', [-257]],
    ['true', true],
  ])('a key that names %s as its algorithm is refused', async (_what, alg) => {
    const s = world()
    expect(await s.register(KEYS.RS256, { publicKey: cose(KEYS.RS256, new Map([[3, alg]])) })).toEqual({ kind: 'failed' })
    expect(await s.passkeys.list('anna')).toMatchObject({ passkeys: [] })
  })
})

describe('a signature', () => {
  it.each(NAMES.flatMap((kept) => NAMES.filter((other) => other !== kept).map((other) => [kept, other] as const)))(
    'of a key for %s is not replaced by one of a key for %s, whatever it says of itself',
    async (kept, other) => {
      const s = world()
      await s.register(KEYS[kept], { credentialId: ID })
      expect(await s.signIn(KEYS[other], ID, { counter: 1 })).toEqual({ kind: 'failed' })
      expect(s.why()).toBe('invalid')
    },
  )

  it.each(NAMES)('of another key of the same algorithm (%s) is none', async (name) => {
    const s = world()
    await s.register(KEYS[name], { credentialId: ID })
    const stranger = makeKey(name === 'ES256' ? 'P-256' : name === 'EdDSA' ? 'ed25519' : 'rsa')
    expect(await s.signIn(stranger, ID, { counter: 1 })).toEqual({ kind: 'failed' })
    // and the honest one goes on working
    expect((await s.signIn(KEYS[name], ID, { counter: 1 })).kind).toBe('ok')
  })

  it.each<[string, (signed: Buffer) => Buffer]>([
    ['one zero byte', () => Buffer.of(0)],
    ['64 zero bytes', () => Buffer.alloc(64)],
    ['256 zero bytes', () => Buffer.alloc(256)],
    // r = s = 0 in DER: what verifiers without a range check take for any message
    ['two zeros in DER', () => Buffer.from('3006020100020100', 'hex')],
    ['what was to be signed', (signed) => signed.subarray(0, 64)],
    ['a sequence that promises more than it holds', () => Buffer.from('30ff0201010201', 'hex')],
  ])('made of %s signs nobody in, under any algorithm', async (_what, signature) => {
    for (const name of NAMES) {
      const s = world()
      await s.register(KEYS[name], { credentialId: ID })
      expect(await s.signIn(KEYS[name], ID, { counter: 1, signature })).toEqual({ kind: 'failed' })
      expect(s.why()).toBe('invalid')
    }
  })

  it('over other data than those that came along is none: of the data alone, or of the hash of everything', async () => {
    const s = world()
    await s.register(KEYS.ES256, { credentialId: ID })
    for (const part of [
      (signed: Buffer) => signed.subarray(0, 37),
      (signed: Buffer) => signed.subarray(37),
      (signed: Buffer) => Buffer.concat([signed, Buffer.of(0)]),
      (signed: Buffer) => Buffer.concat([signed.subarray(37), signed.subarray(0, 37)]),
    ])
      expect(await s.signIn(KEYS.ES256, ID, { counter: 1, signature: (signed) => KEYS.ES256.sign(part(signed)) })).toEqual({
        kind: 'failed',
      })
  })
})

describe('a public key', () => {
  it.each<[string, (typeof NAMES)[number], ReadonlyMap<number, Cbor | undefined>]>([
    ['without its kind', 'ES256', new Map([[1, undefined]])],
    ['of the kind of another algorithm', 'ES256', new Map([[1, 3]])],
    ['on a curve of another algorithm', 'EdDSA', new Map([[-1, 1]])],
    ['without its curve', 'ES256', new Map([[-1, undefined]])],
    ['without half of its point', 'ES256', new Map([[-3, undefined]])],
    ['whose point is not on the curve', 'ES256', new Map([[-3, Buffer.alloc(32, 1)]])],
    [
      'whose point is nowhere',
      'ES256',
      new Map([
        [-2, Buffer.alloc(32)],
        [-3, Buffer.alloc(32)],
      ]),
    ],
    ['whose point is too short', 'EdDSA', new Map([[-2, Buffer.alloc(31, 1)]])],
    ['without a modulus', 'RS256', new Map([[-1, undefined]])],
    ['whose numbers are texts', 'RS256', new Map([[-1, 'n']])],
  ] as const)('%s (%s) signs nobody in: it is refused at once, or by its first signature', async (_what, name, over) => {
    // prettier-ignore
    const s = world()
    const end = await s.register(KEYS[name], { credentialId: ID, publicKey: cose(KEYS[name], over) })
    expect(['failed', 'registered']).toContain(end.kind)
    expect(await s.signIn(KEYS[name], ID, { counter: 1 })).toEqual({ kind: 'failed' })
  })

  it('of any bytes is registered for nothing: nobody signs in with what is no key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        const s = world()
        await s.register(KEYS.ES256, { credentialId: ID, publicKey: bytes })
        expect((await s.signIn(KEYS.ES256, ID, { counter: 1 })).kind).toBe('failed')
      }),
      { numRuns: 60 },
    )
  })

  it('that is changed where it is kept lets nobody in, and is no outage', async () => {
    const s = world()
    await s.register(KEYS.ES256, { credentialId: ID })
    const held = await s.factors.read('anna')
    if (held === undefined) throw new Error('not kept')
    let version = held.version
    for (const publicKey of ['', 'AAAA', b64(cbor(KEYS.RS256.cose)), b64(cbor(makeKey('P-256').cose))]) {
      const passkeys = held.record.passkeys.map((one) => ({ ...one, publicKey }))
      expect(await s.factors.write('anna', { ...held.record, passkeys }, version)).toBe(true)
      expect(await s.signIn(KEYS.ES256, ID, { counter: 1 })).toEqual({ kind: 'failed' })
      version = (await s.factors.read('anna'))?.version ?? ''
    }
  })
})
