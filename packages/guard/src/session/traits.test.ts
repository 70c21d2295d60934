import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { describePlace, hideRange, readLanguage, readNetwork, readPrint } from './traits.js'

fc.configureGlobal({ seed: 20_261_122 })
const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36'
const PIXEL = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36'
const request = (headers: Readonly<Record<string, string>>): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
  peer: '203.0.113.7',
  secure: true,
})

describe('a print', () => {
  it('holds families, one language, and whether hints come', () => {
    expect(
      readPrint(
        request({ 'user-agent': CHROME, 'sec-ch-ua-platform': '"Windows"', 'sec-ch-ua-mobile': '?0', 'accept-language': 'de-DE,de;q=0.9' }),
      ),
    ).toEqual({
      b: 'chrome',
      p: 'windows',
      h: true,
      d: false,
      l: 'de',
    })
    expect(readPrint(request({}))).toEqual({ b: 'none', p: 'other', h: false, d: false, l: '' })
  })

  it('sees hints that contradict the User-Agent', () => {
    const differs = (headers: Readonly<Record<string, string>>): boolean => readPrint(request(headers)).d
    expect(differs({ 'user-agent': CHROME, 'sec-ch-ua-platform': '"macOS"' })).toBe(true)
    expect(differs({ 'user-agent': CHROME, 'sec-ch-ua-mobile': '?1' })).toBe(true)
    expect(differs({ 'user-agent': PIXEL, 'sec-ch-ua-platform': '"Android"', 'sec-ch-ua-mobile': '?1' })).toBe(false)
    // a tablet says that it is none, a desktop page asked for on a phone names Linux
    expect(differs({ 'user-agent': PIXEL.replace('Mobile ', ''), 'sec-ch-ua-platform': '"Android"', 'sec-ch-ua-mobile': '?0' })).toBe(false)
    expect(differs({ 'user-agent': PIXEL, 'sec-ch-ua-platform': '"Linux"' })).toBe(false)
    expect(differs({ 'user-agent': 'my own client', 'sec-ch-ua-platform': '"Windows"' })).toBe(false)
  })

  it('of any headers is small, and made of words of ours', () => {
    const header = fc.string({ unit: 'binary', maxLength: 700 })
    fc.assert(
      fc.property(header, header, header, header, (agent, platform, mobile, language) => {
        const print = readPrint(
          request({ 'user-agent': agent, 'sec-ch-ua-platform': platform, 'sec-ch-ua-mobile': mobile, 'accept-language': language }),
        )
        expect(JSON.stringify(print)).toMatch(
          /^\{"b":"[a-z:]{1,32}","p":"[a-z]{1,10}","h":(?:true|false),"d":(?:true|false),"l":"[a-z]{0,3}"\}$/,
        )
      }),
      { numRuns: 200 },
    )
  })
})

describe('a language', () => {
  it('is the first one without its region', () => {
    for (const [header, language] of [
      ['de', 'de'],
      ['DE-at', 'de'],
      ['en-US,en;q=0.5', 'en'],
      ['gsw, de', 'gsw'],
      ['*', ''],
      ['', ''],
      ['x', ''],
      ['abcd', ''],
      ['a;q=1', ''],
    ] as const)
      expect([header, readLanguage(header)]).toEqual([header, language])
    expect(readLanguage(undefined)).toBe('')
  })
})

describe('what stands for a network', () => {
  it('is one for a network, another for the next, and another for the next session', () => {
    expect(hideRange('a', '203.0.113.7', 24, 48)).toBe(hideRange('a', '203.0.113.200', 24, 48))
    expect(hideRange('a', '203.0.113.7', 24, 48)).not.toBe(hideRange('a', '203.0.114.7', 24, 48))
    expect(hideRange('a', '203.0.113.7', 24, 48)).not.toBe(hideRange('b', '203.0.113.7', 24, 48))
    expect(hideRange('a', '2001:db8:1:2::1', 32, 48)).toBe(hideRange('a', '2001:db8:1:ffff::1', 32, 48))
    expect(hideRange('a', '2001:db8:1:2::1', 32, 64)).not.toBe(hideRange('a', '2001:db8:1:ffff::1', 32, 64))
    expect(hideRange('a', 'unknown', 32, 64)).toBeUndefined()
  })

  it('keeps a place to a tenth of a degree, and half a position not at all', () => {
    const geo = { lookup: () => ({ country: 'DE', latitude: 52.5171, longitude: 13.3889, accuracyKm: 5.4 }) }
    expect(readNetwork('a', '203.0.113.7', 7, geo)).toMatchObject({ c: 'DE', y: 52.5, x: 13.4, k: 5, t: 7 })
    expect(readNetwork('a', '203.0.113.7', 7, { lookup: () => ({ latitude: 52.5 }) })).not.toHaveProperty('y')
    expect(readNetwork('a', '203.0.113.7', 7, undefined)).toEqual({ n: expect.any(String) as string, t: 7 })
    // a database that does not say how far off it may be is not taken for exact
    expect(readNetwork('a', '203.0.113.7', 7, { lookup: () => ({ latitude: 1, longitude: 1 }) })).toMatchObject({ k: 100 })
  })
})

describe('a place in words', () => {
  it('is city and country, as far as they are known, and bounded', () => {
    expect(describePlace({ city: 'Berlin', country: 'DE' })).toBe('Berlin, DE')
    expect(describePlace({ country: 'DE' })).toBe('DE')
    expect(describePlace({ asn: 64_500 })).toBeUndefined()
    expect(describePlace(undefined)).toBeUndefined()
    expect(describePlace({ city: 'x'.repeat(500) })?.length).toBe(80)
  })
})
