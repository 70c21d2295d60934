import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ATTACKS, GOOD } from './fixtures/attacks.js'
import { createRedirects, type RedirectOptions } from './redirect.js'
import type { RedirectReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const ORIGINS = ['https://app.example', 'https://accounts.example:8443']
const { judge, safe } = createRedirects({ origins: ORIGINS, fallback: '/home' })

/** Pages from which a browser may follow a target. */
const BASES = [
  'https://app.example/',
  'https://app.example/login',
  'https://app.example/a/b/c/?x#y',
  'https://app.example//a//b',
  'http://localhost:3000/',
  'https://sub.other.example/deep/er/page.html',
]

/** Where a browser ends up, from every page. */
const origins = (target: string): { readonly here: boolean; readonly allowed: boolean }[] =>
  BASES.map((base) => {
    const { origin } = new URL(target, base)
    return { here: origin === new URL(base).origin, allowed: ORIGINS.includes(origin) }
  })

const leadsAway = (target: string): boolean => origins(target).some(({ here, allowed }) => !here && !allowed)

/** What one may see who decodes a path before it goes on, a few times. */
const decoded = (target: string): string[] => {
  const seen = [target]
  for (let i = 0; i < 6; i++) {
    try {
      seen.push(decodeURIComponent(seen.at(-1) ?? ''))
    } catch {
      break
    }
  }
  return seen
}

describe('attacks on a redirect [ASVS 3.7.2]', () => {
  it('are 150 or more, each a text of its own', () => {
    const all = Object.values(ATTACKS).flat()
    expect(all.length).toBeGreaterThanOrEqual(150)
    expect(all.filter((attack, i) => all.indexOf(attack) !== i)).toEqual([])
  })

  it.each(Object.entries(ATTACKS))('by %s lead home', (_, attacks) => {
    expect(attacks.filter((attack) => judge(attack).kind === 'allowed')).toEqual([])
    for (const attack of attacks) expect(safe(attack)).toBe('/home')
  })

  it('lead home behind any beginning and end that leave them what they are', () => {
    const attack = fc.constantFrom(...Object.values(ATTACKS).flat())
    const edge = fc.constantFrom('', ' ', '\t', '\n', '\r\n', '\u0000', '\u00a0', '\\')
    fc.assert(
      fc.property(edge, attack, edge, (before, text, after) => {
        const verdict = judge(before + text + after)
        if (verdict.kind === 'refused') return
        expect(leadsAway(verdict.target)).toBe(false)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('good targets', () => {
  it.each(GOOD)('%j is sent as %s', (given, sent) => {
    expect(judge(given)).toEqual({ kind: 'allowed', target: sent })
    expect(safe(given)).toBe(sent)
  })

  it('are the same when judged again: what is sent on and comes back is still allowed', () => {
    for (const [, sent] of GOOD) expect(judge(sent)).toEqual({ kind: 'allowed', target: sent })
  })
})

describe('whatever the target', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/', '//', '\\', '.', '..', '%2f', '%5c', '%252f', '%2e', '%09', '\t', '\n', ' ', '@', ':', '?', '#', ';', '%', 'https:', 'http:',
      'javascript:', 'https://', 'app.example', 'accounts.example:8443', 'evil.example', '\uff0f', '\u3002', '\u2215', '\u00ad', 'a', '[', ']',
    ), // prettier-ignore
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  const target = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''))

  it('what is allowed resolves to an allowed origin from every page, and stays what it is', () => {
    let allowed = 0
    fc.assert(
      fc.property(
        fc.oneof(
          target,
          target.map((text) => `/${text}`),
          target.map((text) => `https://app.example${text}`),
        ),
        (text) => {
          const verdict = judge(text)
          if (verdict.kind === 'refused') return
          allowed++
          expect(leadsAway(verdict.target)).toBe(false)
          // nothing that a header, an HTML attribute or a log would not hold
          expect(verdict.target).toMatch(/^[!#-;=?-~]+$/)
          expect(judge(verdict.target)).toEqual(verdict)
          // and as it came in, which some frameworks send on
          expect(leadsAway(text)).toBe(false)
        },
      ),
      { numRuns: 20_000 },
    )
    // the property would hold for a check that refuses everything
    expect(allowed).toBeGreaterThan(1_000)
  })

  it('a path that is allowed names no host for one who decodes it first', () => {
    fc.assert(
      fc.property(target, (text) => {
        const verdict = judge(`/${text}`)
        if (verdict.kind === 'refused') return
        const path = verdict.target.split(/[?#]/, 1)[0] ?? ''
        for (const seen of decoded(path)) expect(leadsAway(seen)).toBe(false)
      }),
      { numRuns: 20_000 },
    )
  })

  it('nothing throws, and only a declared origin is ever absolute', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.webUrl({ withFragments: true, withQueryParameters: true })), (text) => {
        const verdict = judge(text)
        if (verdict.kind === 'refused' || verdict.target.startsWith('/')) return
        expect(ORIGINS.some((origin) => verdict.target.startsWith(`${origin}/`))).toBe(true)
      }),
    )
  })

  it('a very long one is refused at once [ASVS 1.3.12]', () => {
    const long = `/${'%25'.repeat(1_000_000)}`
    const before = process.cpuUsage()
    expect(judge(long)).toEqual({ kind: 'refused', reason: 'too_long' })
    expect(judge(`/%${'25'.repeat(1_000)}2fevil.example`)).toEqual({ kind: 'refused', reason: 'hidden_host' })
    // as browsers write it, nine characters each
    expect(judge(`/${'€'.repeat(228)}`)).toEqual({ kind: 'refused', reason: 'too_long' })
    expect(judge(`/${'a/../'.repeat(400)}x`)).toEqual({ kind: 'allowed', target: '/x' })
    expect(process.cpuUsage(before).user).toBeLessThan(500_000)
  })
})

describe('the reason', () => {
  it.each([
    [undefined, 'no_text'],
    ['', 'no_text'],
    [['/a', '/b'], 'no_text'],
    [{ toString: (): string => '/a' }, 'no_text'],
    ['/'.padEnd(2_049, 'a'), 'too_long'],
    ['/\n', 'odd_character'],
    ['/\\x', 'odd_character'],
    ['//x', 'hidden_host'],
    ['/.//x', 'hidden_host'],
    ['/%2fx', 'hidden_host'],
    ['x', 'not_a_target'],
    ['https:x', 'not_a_target'],
    ['https://[', 'not_a_target'],
    ['https://user@app.example/', 'credentials'],
    ['https://evil.example/', 'origin_not_declared'],
  ])('of %j is %s', (target, reason) => {
    expect(judge(target)).toEqual({ kind: 'refused', reason })
  })

  it('is reported with the target as it came in, unless there was none', () => {
    const reports: RedirectReport[] = []
    const watched = createRedirects({ report: (report) => reports.push(report), clock: () => 7 })
    watched.judge('//evil.example\n')
    watched.safe('https://app.example/')
    watched.safe(undefined)
    watched.safe('')
    watched.safe('/fine')
    expect(reports).toEqual([
      { kind: 'redirect_refused', at: 7, reason: 'odd_character', target: '//evil.example\n' },
      { kind: 'redirect_refused', at: 7, reason: 'origin_not_declared', target: 'https://app.example/' },
    ])
  })
})

describe('the fallback', () => {
  it('of a call is judged as well: it may come from a request too', () => {
    expect(safe('//evil.example', '/cart')).toBe('/cart')
    expect(safe('//evil.example', 'https://accounts.example:8443/x')).toBe('https://accounts.example:8443/x')
    for (const bad of ['//evil.example', 'javascript:alert(1)', '', 'https://evil.example/'])
      expect(safe('//evil.example', bad)).toBe('/home')
  })

  it('is / unless given', () => {
    expect(createRedirects().safe('nonsense')).toBe('/')
  })
})

describe('options', () => {
  it('allow no other origin by default', () => {
    expect(createRedirects().judge('https://app.example/').kind).toBe('refused')
    expect(createRedirects({ origins: [] }).judge('http://here.invalid/').kind).toBe('refused')
  })

  it('take a loopback name for all its spellings', () => {
    const local = createRedirects({ origins: ['http://localhost:3000'] })
    expect(local.safe('http://127.0.0.1:3000/x')).toBe('http://127.0.0.1:3000/x')
    expect(local.judge('http://127.0.0.1:3001/x').kind).toBe('refused')
  })

  it.each<[RedirectOptions, string]>([
    [{ origins: ['app.example'] }, 'redirect.origins'],
    [{ origins: ['https://*.app.example'] }, 'redirect.origins'],
    [{ origins: 'https://app.example' as unknown as string[] }, 'redirect.origins'],
    [{ fallback: '//evil.example' }, 'redirect.fallback'],
    [{ fallback: 'https://app.example/' }, 'redirect.fallback'],
    [{ fallback: 5 as unknown as string }, 'redirect.fallback'],
    [{ origin: [] } as RedirectOptions, 'redirect has no option "origin"'],
  ])('%j are refused by name', (options, message) => {
    expect(() => createRedirects(options)).toThrow(message)
  })
})
