import { createHash } from 'node:crypto'
import { DAY } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../../keys/keyring.js'
import { createAcknowledgeLinks } from './acknowledge-links.js'

let now = 1_795_200_000_000
const linksOf = (secret: string) =>
  createAcknowledgeLinks({
    keyring: createKeyring(createHash('sha256').update(secret).digest()),
    publicUrl: 'https://parapet.example.org/console/',
    clock: () => now,
  })
const links = linksOf('one')
const tokenOf = (url: string): string => new URL(url).searchParams.get('token') ?? ''

describe('a link for acknowledging', () => {
  it('names one notification and one channel, and stands on our own address', () => {
    const url = links.make('n-1', 'c-1')
    expect(url.startsWith('https://parapet.example.org/v1/notifications/acknowledge?token=')).toBe(true)
    expect(links.read(tokenOf(url))).toEqual({ notificationId: 'n-1', channelId: 'c-1' })
  })

  it('is good for seven days, to the millisecond', () => {
    const token = tokenOf(links.make('n', 'c'))
    now += 7 * DAY - 1
    expect(links.read(token)).toBeDefined()
    now += 1
    expect(links.read(token)).toBeUndefined()
  })

  it('of another installation opens nothing', () => {
    expect(links.read(tokenOf(linksOf('two').make('n', 'c')))).toBeUndefined()
  })

  it('cannot be made to stand for something else by changing any letter', () => {
    const token = tokenOf(links.make('notification', 'channel'))
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('x', '.', '0', '', '-'), (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1)
        // the last letter of base64 may hold bits that nobody reads
        fc.pre(changed !== token && at < token.length - 1)
        expect(links.read(changed)).toBeUndefined()
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  it('never throws, whatever is given for a token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        expect(links.read(text)).toBeUndefined()
      }),
      { seed: 4, numRuns: 200 },
    )
  })
})
