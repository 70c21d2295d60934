import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { createCspCollector, type CspCollectorOptions } from './csp-collector.js'
import type { CspReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const START = 1_795_200_000_000
const MINUTE = 60_000
const from = (peer: string, type = 'application/csp-report', method = 'POST'): GuardRequest => ({
  method,
  url: '/csp-reports',
  header: (name) => (name === 'content-type' ? type : undefined),
  peer,
  secure: true,
})
const report = (blocked: string, directive = 'img-src', more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ 'csp-report': { 'document-uri': 'https://app.example/', 'effective-directive': directive, 'blocked-uri': blocked, ...more } })) // prettier-ignore
const list = (...blocked: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify(blocked.map((one) => ({ type: 'csp-violation', body: { documentURL: 'https://app.example/', effectiveDirective: 'img-src', blockedURL: one } })))) // prettier-ignore

const make = (options: Partial<CspCollectorOptions> = {}) => {
  let now = START
  const told: CspReport[] = []
  const collector = createCspCollector({ report: (reports) => told.push(...reports), clock: () => now, ...options })
  return {
    collector,
    told,
    at: (ms: number) => {
      now = START + ms
    },
    send: (peer: string, body: Uint8Array, type?: string) => collector.take(from(peer, type), body),
  }
}

describe('whoever is told of violations', () => {
  it('may throw: a browser is answered all the same, and what came is counted', async () => {
    const { collector, send } = make({
      report: () => {
        throw new Error('log is full')
      },
    })
    expect(send('203.0.113.7', report('https://a.example/'))).toEqual({ kind: 'taken', violations: 1, dropped: 0 })
    const body = (async function* () {
      yield report('https://b.example/')
    })()
    expect(await collector.collect(from('203.0.113.7'), body)).toEqual({ kind: 'taken', violations: 1, dropped: 0 })
    expect(() => collector.flush()).not.toThrow()
    expect(collector.stats()).toMatchObject({ bodies: 2, violations: 2, kept: 2 })
  })

  it('hears of a kind again after it threw, with how often it came since', () => {
    let broken = true
    const counts: number[] = []
    const { send, at } = make({
      report: (reports) => {
        if (broken) throw new Error('log is full')
        counts.push(...reports.map(({ count }) => count))
      },
    })
    send('203.0.113.7', report('https://a.example/'))
    broken = false
    for (let i = 0; i < 3; i++) send('203.0.113.7', report('https://a.example/'))
    at(MINUTE)
    send('203.0.113.7', report('https://b.example/'))
    expect(counts).toEqual([3, 1])
  })
})

describe('the share of a source', () => {
  it('ends with its last report and comes back with the minute, to the millisecond', () => {
    const { send, at } = make({ perSource: 3 })
    const kinds = (times: number): string[] =>
      Array.from({ length: times }, () => {
        const end = send('203.0.113.7', report('https://a.example/'))
        return end.kind === 'refused' ? end.reason : end.kind
      })
    expect(kinds(4)).toEqual(['taken', 'taken', 'taken', 'source_limit'])
    at(MINUTE - 1)
    expect(kinds(1)).toEqual(['source_limit'])
    at(MINUTE)
    expect(kinds(1)).toEqual(['taken'])
  })

  it('is used up by entries as by bodies, and never by more than it is', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }), fc.integer({ min: 1, max: 10 }), (sizes, perSource) => {
        const { collector, send } = make({ perSource })
        for (const size of sizes)
          send('203.0.113.7', list(...Array.from({ length: size }, (_, i) => `https://a${i}.example/`)), 'application/reports+json')
        const sent = sizes.reduce((sum, size) => sum + size, 0)
        expect(collector.stats().violations).toBe(Math.min(perSource, sent))
      }),
    )
  })

  it('is used up by bodies that are malformed too, since they cost as much', () => {
    const { send } = make({ perSource: 2 })
    expect([
      send('203.0.113.7', Buffer.from('{')),
      send('203.0.113.7', Buffer.from('[')),
      send('203.0.113.7', report('https://a.example/')),
    ]).toMatchObject([{ reason: 'malformed' }, { reason: 'malformed' }, { reason: 'source_limit' }])
  })

  it('is not used up by what is refused before: another method, another type, too many bytes', () => {
    const { collector, send } = make({ perSource: 1, maxBodyBytes: 1_024 })
    collector.take(from('203.0.113.7', undefined, 'GET'), report('x'))
    send('203.0.113.7', report('x'), 'text/plain')
    send('203.0.113.7', Buffer.alloc(1_025, 32))
    expect(send('203.0.113.7', report('https://a.example/'))).toMatchObject({ kind: 'taken' })
    expect(collector.stats().dropped).toMatchObject({ method: 1, media_type: 1, too_large: 1, source_limit: 0 })
  })

  it('of all together is left to the others by each: ten sources get theirs of a total for ten', () => {
    const { collector, send } = make({ perSource: 5, total: 50 })
    for (let round = 0; round < 20; round++) for (let i = 0; i < 10; i++) send(`203.0.113.${i}`, report(`https://a${i}.example/`))
    expect(collector.stats().violations).toBe(50)
    expect(collector.stats().dropped).toMatchObject({ source_limit: 150, total_limit: 0 })
    expect(send('198.51.100.1', report('https://b.example/'))).toEqual({ kind: 'refused', reason: 'total_limit' })
  })
})

describe('the size of a body', () => {
  it.each([1_024, 1_025, 4_096])('is bounded at %i bytes to the last one, whole and in pieces', async (maxBodyBytes) => {
    const padded = (length: number): Buffer => Buffer.concat([report('https://a.example/'), Buffer.alloc(length, 32)]).subarray(0, length)
    const pieces = async function* (body: Buffer, size: number): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < body.length; i += size) yield body.subarray(i, i + size)
    }
    for (const [length, kind] of [
      [maxBodyBytes, 'taken'],
      [maxBodyBytes + 1, 'refused'],
    ] as const) {
      // prettier-ignore
      const { collector, send } = make({ maxBodyBytes })
      expect(send('203.0.113.7', padded(length)).kind).toBe(kind)
      for (const size of [1, 7, 1_000, length])
        expect((await collector.collect(from('203.0.113.7'), pieces(padded(length), size))).kind).toBe(kind)
    }
  })

  it('is none for a request without a body', async () => {
    const { collector } = make()
    expect(await collector.collect(from('203.0.113.7'), null)).toEqual({ kind: 'refused', reason: 'malformed' })
    expect(collector.stats()).toMatchObject({ bodies: 1, dropped: { malformed: 1 } })
  })

  it('is looked at only so far, however long somebody goes on sending', async () => {
    let sent = 0
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent++
        yield Buffer.alloc(1_024, 32)
      }
    }
    const { collector } = make({ maxBodyBytes: 1_024 })
    expect(await collector.collect(from('203.0.113.7'), endless())).toEqual({ kind: 'refused', reason: 'too_large' })
    expect(sent).toBeLessThan(10)
  })
})

describe('a content type', () => {
  it.each([
    ['application/csp-report', 'taken'],
    ['APPLICATION/CSP-REPORT', 'taken'],
    [' application/csp-report ; charset=utf-8', 'taken'],
    ['application/csp-report;x=application/reports+json', 'taken'],
    ['application/json', 'refused'],
    ['text/html, application/csp-report', 'refused'],
    ['application/csp-reportx', 'refused'],
    ['application/csp-report\u0000', 'refused'],
    ['', 'refused'],
    [`${' '.repeat(100)}application/csp-report`, 'refused'],
  ])('%j is %s', (type, kind) => {
    expect(make().send('203.0.113.7', report('https://a.example/'), type).kind).toBe(kind)
  })
})

describe('the bounds of the options', () => {
  it.each<[Partial<CspCollectorOptions>, string | undefined]>([
    [{ maxBodyBytes: 1_024 }, undefined],
    [{ maxBodyBytes: 1_023 }, 'reports.maxBodyBytes is 1023'],
    [{ maxBodyBytes: 1_048_577 }, 'reports.maxBodyBytes is 1048577'],
    [{ maxEntries: 1 }, undefined],
    [{ maxEntries: 0 }, 'reports.maxEntries is 0'],
    [{ maxEntries: 1_001 }, 'reports.maxEntries is 1001'],
    [{ perSource: 0 }, 'reports.perSource is 0'],
    [{ total: 1_000_001 }, 'reports.total is 1000001'],
    [{ kinds: 0 }, 'reports.kinds is 0'],
    [{ maxTold: 100_001 }, 'reports.maxTold is 100001'],
    [{ origins: ['app.example'] }, 'reports.origins is "app.example"'],
    [{ report: 'console' as unknown as CspCollectorOptions['report'] }, 'reports.report is "console"'],
  ])('%j: %j', (options, message) => {
    const build = (): string | undefined => {
      try {
        make(options)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(build() ?? 'taken').toContain(message ?? 'taken')
  })
})
