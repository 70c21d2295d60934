import { describe, expect, it } from 'vitest'
import { destinationOf } from './redirect-leads.js'
import { AWAY, inQuery, redirectSpellings } from './redirect-spellings.js'

const ORIGINS = ['https://app.example', 'https://localhost:8443', 'http://127.0.0.1:3000', 'https://[::1]:4443'] as const

describe('the spellings of another site', () => {
  it.each(ORIGINS)('are 40 or more for %s, each a trick and a text of its own', (origin) => {
    const all = redirectSpellings(origin).filter(({ leads }) => leads === 'site')
    expect(all.length).toBeGreaterThanOrEqual(40)
    expect(new Set(all.map(({ trick }) => trick)).size).toBe(all.length)
    expect(new Set(all.map((one) => inQuery(one))).size).toBe(all.length)
  })

  it.each(ORIGINS)('are good requests for %s: what goes into a request line is ASCII without spaces', (origin) => {
    for (const spelling of redirectSpellings(origin)) expect(inQuery(spelling)).toMatch(/^[!-~]+$/)
  })

  it('arrive as they are meant after one decoding, as servers do it', () => {
    for (const spelling of redirectSpellings('https://app.example').filter(({ raw }) => raw !== true)) {
      const arrived = new URLSearchParams(`to=${inQuery(spelling).replaceAll('+', '%2B')}`).get('to')
      expect(arrived).toBe(spelling.value)
    }
  })

  it('mostly lead a browser away when they are followed as they are; the rest work on servers that add or decode something', () => {
    const away = redirectSpellings('https://app.example').filter(
      ({ value, leads }) =>
        leads === 'site' && destinationOf({ by: 'Location', to: value }, 'https://app.example/go', ['https://app.example']) === 'away',
    )
    expect(away.length).toBeGreaterThanOrEqual(33)
  })

  it('lead away behind the whole origin, as servers glue them: an at sign and an ending', () => {
    for (const value of [`@${AWAY}/`, `.${AWAY}/`]) {
      expect(redirectSpellings('https://app.example').some((one) => one.value === value)).toBe(true)
      expect(destinationOf({ by: 'Location', to: `https://app.example${value}` }, 'https://app.example/', ['https://app.example'])).toBe(
        'away',
      )
    }
  })

  it('name only what nobody owns, so that no browser that follows one meets anybody', () => {
    for (const origin of ORIGINS)
      for (const { value, leads } of redirectSpellings(origin)) {
        const url = URL.canParse(value, origin) ? new URL(value, origin) : undefined
        if (url === undefined || !url.protocol.startsWith('http') || leads === 'near') continue
        expect(
          [new URL(origin).hostname, 'example'].some((end) => url.hostname.replace(/\.$/, '').endsWith(end)) ||
            /^203\.0\.113\.|^\[2001:db8/.test(url.hostname),
        ).toBe(true)
      }
  })

  it('hold no more than 16 that are worth a sign-in', () => {
    const telling = redirectSpellings('https://app.example').filter(({ telling: one }) => one === true)
    expect(telling.length).toBeGreaterThanOrEqual(10)
    expect(telling.length).toBeLessThanOrEqual(16)
  })

  it('near the target are another port, another scheme and a sub-domain; an address has no sub-domain', () => {
    const near = (origin: string): readonly string[] =>
      redirectSpellings(origin)
        .filter(({ leads }) => leads === 'near')
        .map(({ value }) => value)
    expect(near('https://app.example')).toEqual(['https://app.example:4443/', 'http://app.example/', 'https://parapet-probe.app.example/'])
    expect(near('https://localhost:4443')).toEqual([
      'https://localhost:4444/',
      'http://localhost:4443/',
      'https://parapet-probe.localhost:4443/',
    ])
    expect(near('http://127.0.0.1:3000')).toEqual(['http://127.0.0.1:4443/', 'https://127.0.0.1:3000/'])
  })
})
