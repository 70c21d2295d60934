import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { type Forged, makeKey, registration, sha256 } from './fixtures/forge.js'
import { credential, type World, world } from './fixtures/world.js'
import { createPasskeys } from './passkeys.js'
import { memoryFactors } from '../mfa/factor-store.js'
import { memoryStore } from '../store/memory-store.js'
import type { PasskeysOptions } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEY = makeKey('ed25519')
const { bytes: ID } = credential(3)

const registered = async (options: Partial<PasskeysOptions> = {}, forged: Forged = {}): Promise<World> => {
  const s = world(options)
  expect(await s.register(KEY, { credentialId: ID, ...forged })).toMatchObject({ kind: 'registered' })
  return s
}

describe('the origin that a browser signed', () => {
  it.each([
    'http://app.example',
    'https://app.example/',
    'https://app.example:443',
    'https://app.example:8443',
    'https://APP.example',
    'HTTPS://app.example',
    'https://app.example.',
    ' https://app.example',
    'https://app.example ',
    'https://app.example\u0000',
    'https://app.example\r\n',
    'https://app.example.evil.test',
    'https://app.example@evil.test',
    'https://evil.test#https://app.example',
    'https://login.app.example',
    'https://example',
    // a letter of another alphabet, and what a browser makes of it
    'https://\u0430pp.example',
    'https://xn--pp-6kc.example',
    // letters that NFKC would fold to ours
    'https://\uFF41pp.example',
    'android:apk-key-hash:Yfwpd7p_Xf4MPlTEpHS6Vcx1EyV3lqGhqJvsYyVXQXg',
    'chrome-extension://abcdefghijklmnop',
    'file://',
    'null',
    '',
    '//app.example',
    'app.example',
  ])('%j is none of ours, for registering and for signing in', async (origin) => {
    const s = await registered()
    expect(await s.signIn(KEY, ID, { client: { origin } })).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('invalid')
    expect(await s.register(KEY, { client: { origin }, credentialId: credential(4).bytes })).toEqual({ kind: 'failed' })
  })

  it('is ours for one text only, whatever else is tried', async () => {
    const s = await registered()
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webUrl(), fc.string(), fc.constantFrom(null, true, 1, {}, [])), async (origin) => {
        fc.pre(origin !== 'https://app.example')
        expect((await s.signIn(KEY, ID, { client: { origin } })).kind).toBe('failed')
      }),
    )
  })

  it('may be any that is configured, all under one domain, and no other below that domain', async () => {
    const origins = ['https://a.example.com', 'https://b.example.com:8443']
    const rpIdHash = sha256('example.com')
    const s = await registered({ origins, rpId: 'example.com' }, { rpIdHash, client: { origin: origins[0] } })
    for (const origin of origins) expect((await s.signIn(KEY, ID, { rpIdHash, client: { origin } })).kind).toBe('ok')
    for (const origin of ['https://b.example.com', 'https://c.example.com', 'https://example.com', 'https://a.example.com:8443'])
      expect((await s.signIn(KEY, ID, { rpIdHash, client: { origin } })).kind).toBe('failed')
    // and the hash of one of the hosts is not that of the domain
    expect((await s.signIn(KEY, ID, { rpIdHash: sha256('a.example.com'), client: { origin: origins[0] } })).kind).toBe('failed')
  })
})

describe('an answer from a frame', () => {
  it.each<[string, Record<string, unknown>]>([
    ['of another site', { crossOrigin: true }],
    ['of another site that is named', { crossOrigin: true, topOrigin: 'https://evil.test' }],
    ['that names a top although it says that there is none', { crossOrigin: false, topOrigin: 'https://evil.test' }],
    ['that does not say it as browsers do', { crossOrigin: 'true' }],
    ['whose word for it is null', { crossOrigin: null }],
    ['under our own site by name', { crossOrigin: true, topOrigin: 'https://app.example' }],
  ])('%s is refused: people confirm there what they do not see [ASVS 3.4.6]', async (_what, client) => {
    const s = await registered()
    expect(await s.signIn(KEY, ID, { client })).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', during: 'authentication', reason: 'invalid', cause: { message: 'given in a frame of another site' } }) // prettier-ignore
    expect(await s.register(KEY, { client, credentialId: credential(4).bytes })).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', during: 'registration', reason: 'invalid' })
    expect(await s.passkeys.list('anna')).toMatchObject({ passkeys: [{}] })
  })

  it('spends its challenge all the same: the page behind it cannot try again with it', async () => {
    const s = await registered()
    const challenge = await s.begin()
    expect(await s.finish(registration(KEY, challenge, { client: { crossOrigin: true } }))).toEqual({ kind: 'failed' })
    expect(await s.finish(registration(KEY, challenge))).toEqual({ kind: 'failed' })
    expect(s.why()).toBe('challenge')
  })

  it('is none where a browser says nothing of frames, as older ones do', async () => {
    const s = await registered({}, { client: { crossOrigin: undefined } })
    expect((await s.signIn(KEY, ID, { client: { crossOrigin: undefined } })).kind).toBe('ok')
  })
})

describe('the domain of the relying party', () => {
  const build = (origins: readonly string[], rpId?: string) => () =>
    createPasskeys({ rpName: 'Acme', origins, store: memoryStore(), factors: memoryFactors(), ...(rpId === undefined ? {} : { rpId }) })

  it.each([
    ['https://app.example.com', 'example.com'],
    ['https://app.example.com', 'app.example.com'],
    ['https://xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['http://localhost:3000', 'localhost'],
    ['https://a.localhost', 'localhost'],
  ])('of %s may be %s', (origin, rpId) => {
    expect(build([origin], rpId)).not.toThrow()
  })

  it.each([
    ['https://app.example.com', 'EXAMPLE.com'],
    ['https://app.example.com', 'example.com.'],
    ['https://app.example.com', '.example.com'],
    ['https://app.example.com', 'example..com'],
    ['https://app.example.com', '*.example.com'],
    ['https://app.example.com', 'ample.com'],
    ['https://app.example.com', 'www.app.example.com'],
    ['https://app.example.com', 'app.example.com:443'],
    ['https://app.example.com', 'b\u00fccher.example'],
    ['https://app.example.com', ''],
    ['https://app.example.com', ' example.com'],
    ['https://app.example.com', `${'a'.repeat(64)}.com`],
    ['https://app.example.com', 'example.com\n'],
    ['https://app.example.com', '__proto__'],
    ['https://app.example.com', '10.0.0.1'],
  ])('of %s is never %j', (origin, rpId) => {
    expect(build([origin], rpId)).toThrow('passkeys.rpId is')
  })

  it.each(['https://app.example/sign-in', 'https://app.example?x', 'https://u:p@app.example', 'ftp://app.example', 'https://', 'app.example', '*', 'null'])(
    'is not taken from %j, which is no origin',
    (origin) => {
      expect(build([origin])).toThrow('passkeys.origins is')
    },
  ) // prettier-ignore
})
