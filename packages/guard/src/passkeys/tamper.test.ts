import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import type { Answer } from './fixtures/authenticator.js'
import { b64, type Cbor, cbor, type Forged, makeKey, registration, sha256 } from './fixtures/forge.js'
import { credential, type World, world } from './fixtures/world.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEY = makeKey('P-256')
const { bytes: ID, id: KEPT } = credential(7)
const FLAGS = Array.from({ length: 256 }, (_, flags) => flags)

const registered = async (): Promise<World> => {
  const s = world()
  expect(await s.register(KEY, { credentialId: ID })).toMatchObject({ kind: 'registered' })
  return s
}
const kept = async (s: World): Promise<number> => (await s.factors.read('anna'))?.record.passkeys.length ?? 0

describe('the flags of an authenticator', () => {
  it('sign in exactly when somebody was present and verified, of all 256 [ASVS 6.3.3]', async () => {
    const s = await registered()
    const passed: number[] = []
    let counter = 0
    for (const flags of FLAGS) if ((await s.signIn(KEY, ID, { flags, counter: ++counter })).kind === 'ok') passed.push(flags)
    // present and verified; bits 2 and 6 are reserved; a backup state needs the eligibility; 64 and 128 promise what is not there
    const honest = (flags: number): boolean => (flags & 5) === 5 && (flags & 0xc0) === 0 && (flags & 0x18) !== 0x10
    expect(passed).toEqual(FLAGS.filter(honest))
  })

  it('register exactly when somebody was present and verified and a credential follows, of all 256', async () => {
    const passed: number[] = []
    for (const flags of FLAGS) {
      const s = world()
      const end = await s.register(KEY, { flags })
      expect(await kept(s)).toBe(end.kind === 'registered' ? 1 : 0)
      if (end.kind === 'registered') passed.push(flags)
    }
    expect(passed).toEqual(FLAGS.filter((flags) => (flags & 0x45) === 0x45 && (flags & 0x80) === 0 && (flags & 0x18) !== 0x10))
  })

  it('tell whether a passkey survives its device, and the list follows', async () => {
    const s = await registered()
    for (const [flags, backedUp] of [
      [0x05, false],
      [0x0d, false],
      [0x1d, true],
      [0x05, false],
    ] as const) {
      // prettier-ignore
      expect(await s.signIn(KEY, ID, { flags })).toMatchObject({ kind: 'ok', passkey: { backedUp } })
      expect(await s.passkeys.list('anna')).toMatchObject({ passkeys: [{ backedUp }] })
    }
  })
})

describe('the relying party that an authenticator signed for', () => {
  const others: readonly [string, Buffer][] = [
    ['the parent domain', sha256('example')],
    ['a sub-domain', sha256('login.app.example')],
    ['the name in capitals', sha256('APP.EXAMPLE')],
    ['the name with a dot behind', sha256('app.example.')],
    ['the origin', sha256('https://app.example')],
    ['nothing', sha256('')],
    ['zeros', Buffer.alloc(32)],
    ['the name itself, not its hash', Buffer.from('app.example'.padEnd(32))],
    ['one bit less', Buffer.from(sha256('app.example').map((byte, i) => (i === 31 ? byte ^ 1 : byte)))],
  ]
  it.each(others)('is none of ours by the hash of %s, neither for registering nor for signing in', async (_what, rpIdHash) => {
    const s = await registered()
    expect(await s.register(KEY, { rpIdHash, credentialId: credential(8).bytes })).toEqual({ kind: 'failed' })
    expect(await s.signIn(KEY, ID, { rpIdHash, counter: 1 })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('invalid')
    expect(await kept(s)).toBe(1)
  })
})

describe('authenticator data', () => {
  it('cut or grown by any number of bytes are refused, though they are signed', async () => {
    const s = await registered()
    let counter = 0
    for (let length = 0; length < 37; length++)
      expect(await s.signIn(KEY, ID, { counter: ++counter, data: (bytes) => bytes.subarray(0, length) })).toEqual({ kind: 'failed' })
    for (const more of [1, 2, 16, 200])
      expect(await s.signIn(KEY, ID, { counter: ++counter, data: (bytes) => Buffer.concat([bytes, Buffer.alloc(more)]) })).toEqual({
        kind: 'failed',
      })
  })

  it('of a registration cut anywhere make no passkey that signs in', async () => {
    const whole = 37 + 16 + 2 + ID.length + cbor(KEY.cose).length
    for (let length = 0; length < whole; length += 3) {
      const s = world()
      const end = await s.register(KEY, { credentialId: ID, data: (bytes) => bytes.subarray(0, length) })
      // the library reads a key that breaks off in its last number, of which nothing comes
      expect(end.kind === 'failed' || length >= whole - 32).toBe(true)
      expect(await s.signIn(KEY, ID, { counter: 1 })).toEqual({ kind: 'failed' })
    }
  })

  it('whose credential id is longer or shorter than they say keep no passkey', async () => {
    const s = world()
    for (const size of [0, 1, 15, 17, 1_024, 65_535])
      expect(
        await s.register(KEY, {
          data: (bytes) => {
            bytes.writeUInt16BE(size, 53)
            return bytes
          },
        }),
      ).toEqual({ kind: 'failed' })
    expect(await kept(s)).toBe(0)
  })

  it('hold ids of 1 to 1,023 bytes, and the one that was registered signs in', async () => {
    for (const length of [1, 15, 16, 64, 255, 1_023]) {
      const s = world()
      const { bytes, id } = credential(9, length)
      expect(await s.register(KEY, { credentialId: bytes })).toMatchObject({ kind: 'registered', passkey: { id } })
      expect((await s.signIn(KEY, bytes, { counter: 1 })).kind).toBe('ok')
    }
    expect(await world().register(KEY, { credentialId: Buffer.alloc(1_024, 9) })).toEqual({ kind: 'failed' })
  })

  it('keep the id that was signed, whatever id stands beside them', async () => {
    const s = world()
    const challenge = await s.begin()
    const answer = registration(KEY, challenge, { credentialId: ID })
    const other = b64(Buffer.alloc(16, 1))
    expect(await s.finish({ ...answer, id: other, rawId: other })).toMatchObject({ kind: 'registered', passkey: { id: KEPT } })
    expect((await s.factors.read('anna'))?.record.passkeys.map(({ id }) => id)).toEqual([KEPT])
  })
})

describe('client data', () => {
  it.each<[string, Forged]>([
    ['without a type', { client: { type: undefined } }],
    ['of a payment', { client: { type: 'payment.get' } }],
    ['of the older API', { client: { type: 'navigator.id.getAssertion' } }],
    ['with a type in capitals', { client: { type: 'WEBAUTHN.GET' } }],
    ['with types in a list', { client: { type: ['webauthn.get', 'webauthn.create'] } }],
    ['without an origin', { client: { origin: undefined } }],
    ['with origins in a list', { client: { origin: ['https://app.example'] } }],
    ['with a challenge in a list', { client: { challenge: ['x'] } }],
    ['that are a list', { clientText: '[]' }],
    ['that are null', { clientText: 'null' }],
    ['that are no JSON', { clientText: '{"type":"webauthn.get"' }],
    ['that are nothing but spaces', { clientText: '   ' }],
  ])('%s are refused, signed or not', async (_what, forged) => {
    const s = await registered()
    expect(await s.signIn(KEY, ID, { ...forged, counter: 1 })).toEqual({ kind: 'failed' })
    expect(await s.register(KEY, { ...forged, credentialId: credential(8).bytes })).toEqual({ kind: 'failed' })
    expect(await kept(s)).toBe(1)
  })

  it('with a field that nobody knows yet are taken: browsers add some to keep readers from guessing', async () => {
    const s = await registered()
    const client = {
      'new keys may be added here': 'do not compare clientDataJSON against a template',
      tokenBinding: { status: 'supported' },
    }
    expect((await s.signIn(KEY, ID, { client, counter: 1 })).kind).toBe('ok')
  })

  it('with a field twice hold the last one, for the challenge and for the check alike', async () => {
    const s = await registered()
    const ours = (extra: string): Forged => ({
      clientText: `{"type":"webauthn.get","challenge":"x"${extra},"origin":"https://app.example"}`,
    })
    expect(await s.signIn(KEY, ID, { ...ours(',"challenge":"y"'), counter: 1 })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('challenge')
  })

  it('that begin with a byte-order mark are refused before the challenge is looked for', async () => {
    const s = await registered()
    expect(await s.signIn(KEY, ID, { clientText: '\uFEFF{"challenge":"x"}', counter: 1 })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('invalid')
  })
})

describe('an attestation', () => {
  const self = (signed: Buffer, over: ReadonlyMap<string, Cbor> = new Map()): Cbor =>
    new Map<string, Cbor>([['alg', -7], ['sig', KEY.sign(signed)], ...over]) // prettier-ignore

  it('that nobody asked for is checked all the same: packed, signed by the passkey itself', async () => {
    const s = world()
    const end = await s.register(KEY, { fmt: 'packed', statement: (signed) => self(signed), credentialId: ID })
    expect(end).toMatchObject({ kind: 'registered', passkey: { id: KEPT } })
    expect((await s.signIn(KEY, ID, { counter: 1 })).kind).toBe('ok')
  })

  it.each<[string, Cbor, (signed: Buffer) => Cbor]>([
    ['packed, signed by another key', 'packed', (signed) => self(signed, new Map([['sig', makeKey('P-256').sign(signed)]]))],
    ['packed, over something else', 'packed', (signed) => self(signed.subarray(1))],
    ['packed, without a signature', 'packed', () => new Map([['alg', -7]])],
    ['packed, with a certificate that is none', 'packed', (signed) => self(signed, new Map([['x5c', [Buffer.from('junk')]]]))],
    [
      'packed, with no certificates where some are said to be',
      'packed',
      (signed) =>
        self(
          signed,
          new Map<string, Cbor>([
            ['x5c', []],
            ['sig', Buffer.of(1)],
          ]),
        ),
    ],
    ['none, with a statement all the same', 'none', (signed) => self(signed)],
    ['of a format that nobody knows', 'quantum', () => new Map()],
    ['of a format in capitals', 'NONE', () => new Map()],
    ['of a format that is a number', 7, () => new Map()],
    ['of a key of objects as format', '__proto__', () => new Map()],
    ['of a TPM without anything', 'tpm', () => new Map()],
    ['of a phone without anything', 'android-key', () => new Map()],
    ['of an Apple without anything', 'apple', () => new Map()],
    ['of U2F without anything', 'fido-u2f', () => new Map()],
    [
      'of SafetyNet with a text for a token',
      'android-safetynet',
      () =>
        new Map<string, Cbor>([
          ['ver', '1'],
          ['response', Buffer.from('a.b.c')],
        ]),
    ],
  ])('%s is refused, and nothing is kept', async (_what, fmt, statement) => {
    // prettier-ignore
    const s = world()
    expect(await s.register(KEY, { fmt, statement })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('invalid')
    expect(await kept(s)).toBe(0)
  })

  it('with any byte replaced is refused, or names no other site, key or person', async () => {
    const honest = cbor(KEY.cose)
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
        const s = world()
        const attestation = (bytes: Buffer): Buffer => {
          const at = place % bytes.length
          bytes[at] = (bytes[at] ?? 0) ^ flip
          return bytes
        }
        const end = await s.register(KEY, { attestation, credentialId: ID })
        expect(['failed', 'registered']).toContain(end.kind)
        // nothing of `none` is signed: what passes may be another id or another key, of which the holder has to show that he has it
        const passkey = (await s.factors.read('anna'))?.record.passkeys[0]
        const same = passkey?.id === KEPT && passkey.publicKey === b64(honest)
        expect((await s.signIn(KEY, ID, { counter: 0xffff_ffff })).kind === 'ok' && !same).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('of any bytes is refused, and is no outage', async () => {
    const s = world()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        expect(await s.register(KEY, { attestation: () => Buffer.from(bytes) })).toEqual({ kind: 'failed' })
      }),
    )
    expect(await kept(s)).toBe(0)
  })

  it('nested a thousand times over, or of a size that it does not have, costs nothing', async () => {
    const s = world()
    const began = performance.now()
    for (const bytes of [
      Buffer.alloc(20_000, 0x81),
      Buffer.from('9affffffff', 'hex'),
      Buffer.from('5affffffff', 'hex'),
      Buffer.from('bbffffffffffffffff', 'hex'),
      Buffer.from('9fff', 'hex'),
      Buffer.concat([Buffer.alloc(10_000, 0x9f), Buffer.alloc(10_000, 0xff)]),
    ])
      expect(await s.register(KEY, { attestation: () => bytes })).toEqual({ kind: 'failed' })
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})

describe('what stands around an answer', () => {
  const odd: readonly [string, (answer: Answer) => unknown][] = [
    ['an id in the other alphabet of base64', (answer) => ({ ...answer, id: 'a+/=', rawId: 'a+/=' })],
    ['a raw id that differs', (answer) => ({ ...answer, rawId: b64('other') })],
    ['the id of another passkey', (answer) => ({ ...answer, id: b64(Buffer.alloc(16, 8)), rawId: b64(Buffer.alloc(16, 8)) })],
    ['an id with a line break behind', (answer) => ({ ...answer, id: `${answer.id}\n`, rawId: `${answer.id}\n` })],
    ['an id of a megabyte', (answer) => ({ ...answer, id: 'A'.repeat(1_048_576), rawId: 'A'.repeat(1_048_576) })],
    ['a signature of a megabyte', (answer) => ({ ...answer, response: { ...answer.response, signature: 'A'.repeat(1_048_576) } })],
    ['parts that are numbers', (answer) => ({ ...answer, response: { ...answer.response, authenticatorData: 7 } })],
    ['parts that are lists of bytes', (answer) => ({ ...answer, response: { ...answer.response, signature: [48, 6] } })],
    ['a response in a list', (answer) => ({ ...answer, response: [answer.response] })],
  ]
  it.each(odd)('%s is refused', async (_what, change) => {
    const s = await registered()
    expect(await s.signIn(KEY, ID, { counter: 1 }, change)).toEqual({ kind: 'failed' })
  })

  it('is of no weight where nothing depends on it: extensions, an attachment, more fields', async () => {
    const s = await registered()
    const end = await s.signIn(KEY, ID, { counter: 1 }, (answer) => ({
      ...answer,
      clientExtensionResults: { appid: true, __proto__: { isAdmin: true } },
      authenticatorAttachment: 'quantum',
      toString: 'x',
    }))
    expect(end).toMatchObject({ kind: 'ok', subject: 'anna' })
    expect(Object.keys(end).toSorted()).toEqual(['at', 'cookies', 'kind', 'passkey', 'subject'])
  })
})
