import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from './fixtures/authenticator.js'
import { challengeOf, readAssertion, readRegistration } from './response.js'

fc.configureGlobal({ seed: 20_261_122 })

const CHALLENGE = Buffer.alloc(32, 9).toString('base64url')
const authenticator = createAuthenticator()
const created = authenticator.create({ challenge: CHALLENGE, user: { id: 'aGFuZGxl' } })
const asserted = authenticator.get({ challenge: CHALLENGE })
const dataOf = (value: unknown) => ({
  response: { clientDataJSON: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url') },
})

describe('an answer of a browser', () => {
  it('is read with the parts that its kind has, and no others', () => {
    const odd = { ...created, evil: 1, response: { ...created.response, publicKey: 'AAAA', authenticatorData: 'AAAA', evil: {} } }
    expect(readRegistration(odd)).toEqual({
      id: created.id,
      rawId: created.id,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: created.response['clientDataJSON'],
        attestationObject: created.response['attestationObject'],
        transports: ['internal', 'hybrid'],
      },
    })
    expect(readAssertion(asserted)?.response).toEqual(asserted.response)
  })

  it('of the other kind is none', () => {
    expect(readRegistration(asserted)).toBeUndefined()
    expect(readAssertion(created)).toBeUndefined()
  })

  it('has transports that are words, and few of them', () => {
    const read = (transports: unknown) =>
      readRegistration({ ...created, response: { ...created.response, transports } })?.response.transports
    expect(read(['usb', 7, null, 'x'.repeat(30), '<script>', 'smart-card', {}])).toEqual(['usb', 'smart-card'])
    expect(read(Array.from({ length: 1_000 }, () => 'usb'))).toHaveLength(8)
    for (const none of [undefined, null, 'usb', 7, { length: 3 }]) expect(read(none)).toBeUndefined()
  })

  it('is bounded in every part, and nothing but base64url', () => {
    const withId = (id: unknown) => readAssertion({ ...asserted, id, rawId: id })
    expect(withId('A'.repeat(1_364))).toBeDefined()
    for (const id of ['A'.repeat(1_365), '', 'a+b', 'a b', 'é', 'AAA=', 7, null, {}, ['AAAA']]) expect(withId(id)).toBeUndefined()
    expect(readAssertion({ ...asserted, rawId: 'AAAA' })).toBeUndefined()
    for (const part of ['clientDataJSON', 'authenticatorData', 'signature'])
      for (const value of ['', 'x'.repeat(32_769), 'a\nb', undefined, null, 7, {}])
        expect(readAssertion({ ...asserted, response: { ...asserted.response, [part]: value } })).toBeUndefined()
    for (const userHandle of ['x'.repeat(129), '', 'a b', 7, null])
      expect(readAssertion({ ...asserted, response: { ...asserted.response, userHandle } })?.response.userHandle).toBeUndefined()
  })

  it('may be anything at all: what is none is undefined, and nothing throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(readAssertion(value)).toBeUndefined()
        expect(readRegistration(value)).toBeUndefined()
      }),
    )
    const hostile = { get type() { return 'public-key' }, id: '__proto__', rawId: '__proto__', response: Object.create(null) as object } // prettier-ignore
    expect(readAssertion(hostile)).toBeUndefined()
    expect(({} as Record<string, unknown>)['clientDataJSON']).toBeUndefined()
  })
})

describe('the challenge that an answer names', () => {
  it('is read from what the browser has signed', () => {
    expect(challengeOf(readAssertion(asserted)!)).toBe(CHALLENGE)
    expect(challengeOf(readRegistration(created)!)).toBe(CHALLENGE)
  })

  it('is nothing when it is not there, too long, no text, or the data are no JSON', () => {
    for (const value of [
      '',
      'no json',
      'null',
      '[]',
      '7',
      '{}',
      { challenge: 7 },
      { challenge: '' },
      { challenge: 'a b' },
      { challenge: 'x'.repeat(129) },
      { challenge: {} },
      { Challenge: 'AAAA' },
    ])
      expect(challengeOf(dataOf(value))).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => challengeOf({ response: { clientDataJSON: text } }) === undefined))
    expect(challengeOf(dataOf({ challenge: 'AAAA', __proto__: { challenge: 'BBBB' } }))).toBe('AAAA')
  })
})
