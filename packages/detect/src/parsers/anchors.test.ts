import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPeer, peerFromLeft, peerFromRight } from './anchors.js'

fc.configureGlobal({ seed: 20_261_121 })

type Read = { before: string; address: string | undefined; port: number }

/** Reads a peer at the right end of a text; `undefined` when there is none. */
const right = (text: string, bare = false, from = 0, end = text.length): Read | undefined => {
  const peer = createPeer()
  return peerFromRight(text, from, end, peer, bare)
    ? { before: text.slice(from, peer.before), address: peer.address, port: peer.port }
    : undefined
}

/** Reads a peer at the left end of a text, with what follows it. */
const left = (text: string, from = 0): { address: string | undefined; port: number; rest: string } | undefined => {
  const peer = createPeer()
  const end = peerFromLeft(text, from, text.length, peer)
  return end < 0 ? undefined : { address: peer.address, port: peer.port, rest: text.slice(end) }
}

describe('a peer read from the right', () => {
  it.each<[string, Read | undefined]>([
    ['root from 198.18.0.1 port 22', { before: 'root', address: '198.18.0.1', port: 22 }],
    ['root from 198.18.0.1', { before: 'root', address: '198.18.0.1', port: -1 }],
    ['root from 2001:db8::1 port 65535', { before: 'root', address: '2001:db8::1', port: 65_535 }],
    ['a b c from 198.18.0.1 port 1', { before: 'a b c', address: '198.18.0.1', port: 1 }],
    [' from 198.18.0.1 port 1', { before: '', address: '198.18.0.1', port: 1 }],
    ['from 198.18.0.1 port 1', { before: '', address: '198.18.0.1', port: 1 }],
    ['x from 10.0.0.1 port 5 from 198.18.0.1 port 22', { before: 'x from 10.0.0.1 port 5', address: '198.18.0.1', port: 22 }],
    // a host name is a peer without an address: nobody is named
    ['root from evil.example', { before: 'root', address: undefined, port: -1 }],
    ['root from evil.example port 22', { before: 'root', address: undefined, port: 22 }],
    ['root from UNKNOWN', { before: 'root', address: undefined, port: -1 }],
    // what only looks similar
    ['', undefined],
    ['from', undefined],
    ['from ', undefined],
    ['198.18.0.1', undefined],
    ['198.18.0.1 port 22', undefined],
    ['root From 198.18.0.1', undefined],
    ['root from  port 22', undefined],
    ['root from 198.18.0.1 ', undefined],
    ['root from 198.18.0.1 port ', undefined],
    ['root from 198.18.0.1 port 22 ', undefined],
    ['root from 198.18.0.1 port x', undefined],
    ['root from 198.18.0.1 Port 22', undefined],
  ])('%j', (text, expected) => {
    expect(right(text)).toEqual(expected)
  })

  it("keeps inside its bounds: text before and behind is another's", () => {
    const text = 'from 10.0.0.1 port 5 | root from 198.18.0.1 port 22 | from 10.0.0.2 port 6'
    const from = text.indexOf('root')
    const end = text.indexOf(' | from 10.0.0.2')
    expect(right(text, false, from, end)).toEqual({ before: 'root', address: '198.18.0.1', port: 22 })
    expect(right('xfrom 198.18.0.1', false, 2)).toBeUndefined()
  })

  it('does not take a word that ends in `from`, as far as the name before it goes', () => {
    // `wherefrom 198.18.0.1`: the name would have to end inside a word
    const read = right('wherefrom 198.18.0.1')
    expect(read?.before === 'where').toBe(false)
  })

  it('reads at most five digits of a port and nothing longer', () => {
    expect(right('root from 198.18.0.1 port 123456789012345678901234567890')).toBeUndefined()
  })
})

describe('a bare peer behind a name', () => {
  it.each<[string, Read | undefined]>([
    [' root 198.18.0.1 port 22', { before: ' root', address: '198.18.0.1', port: 22 }],
    [' a 10.0.0.1 port 5 198.18.0.1 port 22', { before: ' a 10.0.0.1 port 5', address: '198.18.0.1', port: 22 }],
    [' 198.18.0.1 port 22', { before: '', address: '198.18.0.1', port: 22 }],
    [' root 198.18.0.1', undefined],
    [' root evil.example port 22', undefined],
    ['198.18.0.1 port 22', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(right(text, true)).toEqual(expected)
  })
})

describe('a peer read from the left', () => {
  it.each<[string, ReturnType<typeof left>]>([
    ['198.18.0.1 port 22: no matching cipher', { address: '198.18.0.1', port: 22, rest: ': no matching cipher' }],
    ['198.18.0.1 port 22', { address: '198.18.0.1', port: 22, rest: '' }],
    ['198.18.0.1 port 22:11: from 10.0.0.1 port 5', { address: '198.18.0.1', port: 22, rest: ':11: from 10.0.0.1 port 5' }],
    ['198.18.0.1: 11: Bye', { address: '198.18.0.1', port: -1, rest: ': 11: Bye' }],
    ['198.18.0.1, pid = 7', { address: '198.18.0.1', port: -1, rest: ', pid = 7' }],
    ['198.18.0.1', { address: '198.18.0.1', port: -1, rest: '' }],
    ['2001:db8::1 port 22', { address: '2001:db8::1', port: 22, rest: '' }],
    ['2001:db8::1: 11: Bye', { address: '2001:db8::1', port: -1, rest: ': 11: Bye' }],
    ['198.18.0.1 port x', { address: '198.18.0.1', port: -1, rest: ' port x' }],
    ['198.18.0.1 Port 22', { address: '198.18.0.1', port: -1, rest: ' Port 22' }],
    ['198.18.0.1x port 22', undefined],
    [' 198.18.0.1 port 22', undefined],
    ['evil.example port 22', undefined],
    ['', undefined],
    ['x'.repeat(200), undefined],
  ])('%j', (text, expected) => {
    expect(left(text)).toEqual(expected)
  })
})

it('both readers find what was written, whatever stands on the other side', () => {
  const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '2001:db8:bad:1::ffff', '::1'))
  const port = fc.integer({ min: 0, max: 65_535 })
  const noise = fc.string({ unit: fc.constantFrom('a', ' ', 'from', 'port', '1', '.', ':', '198.18.9.9', '\n', '\0'), maxLength: 30 })
  fc.assert(
    fc.property(address, port, noise, (ip, number, other) => {
      expect(right(`${other} from ${ip} port ${number}`)).toEqual({ before: other, address: ip, port: number })
      expect(right(` ${other} ${ip} port ${number}`, true)).toEqual({ before: ` ${other}`, address: ip, port: number })
      expect(left(`${ip} port ${number}: ${other}`)).toEqual({ address: ip, port: number, rest: `: ${other}` })
    }),
    { numRuns: 300 },
  )
})

it('neither reader throws or leaves its bounds, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(60), fc.nat(60), (text, a, b) => {
      const [from, end] = [Math.min(a, b, text.length), Math.min(Math.max(a, b), text.length)]
      const peer = createPeer()
      expect(!peerFromRight(text, from, end, peer) || (peer.before >= from && peer.before <= end)).toBe(true)
      expect(!peerFromRight(text, from, end, peer, true) || (peer.before >= from && peer.before <= end)).toBe(true)
      expect(peerFromLeft(text, from, end, peer)).toBeLessThanOrEqual(end)
    }),
    { numRuns: 300 },
  )
})
