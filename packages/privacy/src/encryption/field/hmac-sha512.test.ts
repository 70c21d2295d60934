import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHmacSha512 } from './hmac-sha512.js'

fc.configureGlobal({ seed: 20_261_121 })

const text = (value: string): string => Buffer.from(value).toString('hex')

describe('createHmacSha512', () => {
  // RFC 4231, section 4
  it.each([
    [
      1,
      '0b'.repeat(20),
      text('Hi There'),
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ],
    [
      2,
      text('Jefe'),
      text('what do ya want for nothing?'),
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
    [
      3,
      'aa'.repeat(20),
      'dd'.repeat(50),
      'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
    ],
    [
      4,
      '0102030405060708090a0b0c0d0e0f10111213141516171819',
      'cd'.repeat(50),
      'b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd',
    ],
    [
      6,
      'aa'.repeat(131),
      text('Test Using Larger Than Block-Size Key - Hash Key First'),
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    ],
    [
      7,
      'aa'.repeat(131),
      text(
        'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      ),
      'e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58',
    ],
  ])('gives the published digest of test case %i', (_case, key, data, digest) => {
    expect(createHmacSha512(Buffer.from(key, 'hex')).digest(Buffer.from(data, 'hex')).toString('hex')).toBe(digest)
  })

  it('agrees with the Hmac of node:crypto for any key and any messages one after another', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.uint8Array({ maxLength: 5000, size: 'max' }), { maxLength: 5 }),
        (key, messages) => {
          const mac = createHmacSha512(key)
          for (const message of messages) expect(mac.digest(message)).toEqual(createHmac('sha512', key).update(message).digest())
        },
      ),
    )
  })

  it('gives nothing after it was destroyed, not even digests of an empty key', () => {
    const mac = createHmacSha512(Buffer.from('key'))
    mac.destroy()
    expect(() => mac.digest(Buffer.from('message'))).toThrow(TypeError)
  })
})
