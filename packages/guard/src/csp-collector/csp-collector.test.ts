import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClientAddress } from '../client-address/client-address.js'
import { asGuardRequest, type GuardRequest } from '../request/guard-request.js'
import { createCspCollector, type CspCollectorOptions } from './csp-collector.js'
import type { CspCollected, CspCollector, CspReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const [OLD, NEW] = ['application/csp-report', 'application/reports+json']
const START = 1_795_200_000_000

const from = (peer: string, type = OLD, method = 'POST'): GuardRequest => ({
  method,
  url: '/csp-reports',
  header: (name) => (name === 'content-type' ? type : undefined),
  peer,
  secure: true,
})
const oldBody = (blocked: string, over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    'csp-report': {
      'document-uri': 'https://app.example/orders?token=secret',
      referrer: 'https://mail.example/?q=secret',
      'violated-directive': 'img-src',
      'effective-directive': 'img-src',
      'original-policy': "default-src 'self'",
      disposition: 'enforce',
      'blocked-uri': blocked,
      'status-code': 200,
      ...over,
    },
  })
const newEntry = (blocked: string, over: Record<string, unknown> = {}): unknown => ({
  type: 'csp-violation',
  age: 10,
  url: 'https://app.example/orders?token=secret',
  user_agent: 'Mozilla/5.0',
  body: {
    documentURL: 'https://app.example/orders?token=secret',
    referrer: '',
    blockedURL: blocked,
    effectiveDirective: 'script-src-elem',
    originalPolicy: "default-src 'self'",
    sourceFile: 'https://app.example/app.js?v=1',
    sample: 'alert(1) // '.repeat(10),
    disposition: 'report',
    statusCode: 200,
    ...over,
  },
})

type Made = {
  collector: CspCollector
  told: CspReport[]
  wait: (ms: number) => void
  send: (peer: string, body: string, type?: string) => CspCollected
}
const make = (options: Partial<CspCollectorOptions> = {}): Made => {
  let time = START
  const told: CspReport[] = []
  const collector = createCspCollector({ report: (reports) => told.push(...reports), clock: () => time, ...options })
  return {
    collector,
    told,
    wait: (ms) => {
      time += ms
    },
    send: (peer, body, type) => collector.take(from(peer, type), Buffer.from(body)),
  }
}

describe('a report', () => {
  it('of the older format is told without query, fragment and referrer [ASVS 3.4.7]', () => {
    const { send, told } = make()
    expect(send('203.0.113.7', oldBody('https://cdn.example/a.png?key=secret'))).toEqual({ kind: 'taken', violations: 1, dropped: 0 })
    expect(told).toEqual([
      {
        document: 'https://app.example/orders',
        directive: 'img-src',
        blocked: 'https://cdn.example/a.png',
        disposition: 'enforce',
        source: undefined,
        sample: undefined,
        suggestion: { directive: 'img-src', source: 'https://cdn.example', weakens: false },
        count: 1,
        firstAt: START,
        lastAt: START,
      },
    ])
    expect(JSON.stringify(told)).not.toContain('secret')
  })

  it('of the Reporting API comes several to a body', () => {
    const { send, told } = make()
    const body = JSON.stringify([
      newEntry('inline'),
      newEntry('https://evil.example/x.js'),
      { type: 'deprecation', body: {} },
      newEntry('inline'),
    ])
    expect(send('203.0.113.7', body, NEW)).toEqual({ kind: 'taken', violations: 3, dropped: 1 })
    expect(told.map(({ blocked, count }) => [blocked, count])).toEqual([
      ['inline', 1],
      ['https://evil.example/x.js', 1],
    ])
    expect(told[0]).toMatchObject({
      disposition: 'report',
      source: 'https://app.example/app.js',
      sample: 'alert(1) // alert(1) // alert(1) // aler',
      suggestion: { directive: 'script-src', source: "'nonce'" },
    })
  })

  it('is told once a minute however often it comes, and the rest at the end', () => {
    const { send, told, wait, collector } = make({ perSource: 10_000, total: 10_000 })
    for (let i = 0; i < 100; i++) send('203.0.113.7', oldBody('inline'))
    expect(told).toHaveLength(1)
    wait(60_000)
    send('203.0.113.7', oldBody('inline'))
    expect(told.map(({ count }) => count)).toEqual([1, 99])
    collector.flush()
    expect(told.map(({ count }) => count)).toEqual([1, 99, 1])
  })

  it('about an extension is let fall: the page never asked for it', () => {
    const { send, collector } = make()
    for (const blocked of [
      'chrome-extension://abc/x.js',
      'moz-extension',
      'safari-web-extension://x',
      'about',
      'webkit-masked-url://hidden/',
    ])
      send('203.0.113.7', oldBody(blocked))
    send('203.0.113.7', oldBody('inline', { 'source-file': 'chrome-extension' }))
    send('203.0.113.7', oldBody('inline', { 'source-file': 'user-script:7' }))
    expect(collector.stats()).toMatchObject({ violations: 0, kept: 0, dropped: { extension: 7 } })
  })

  it('about a page of somebody else is let fall where the own origins are known', () => {
    const { send, collector } = make({ origins: ['https://app.example'] })
    send('203.0.113.7', oldBody('inline', { 'document-uri': 'https://evil.example/' }))
    send('203.0.113.7', oldBody('inline', { 'document-uri': 'https://app.example.evil.example/' }))
    send('203.0.113.7', oldBody('inline', { 'document-uri': 'about' }))
    expect(collector.stats()).toMatchObject({ violations: 0, dropped: { foreign_document: 3 } })
    expect(send('203.0.113.7', oldBody('inline'))).toMatchObject({ violations: 1 })
  })
})

describe('trap: missing or odd Content-Type', () => {
  it('is refused, whatever the body holds', () => {
    const { collector } = make()
    for (const type of ['', 'application/json', 'text/plain', 'application/csp-reportx', 'multipart/form-data', 'x'.repeat(100_000)])
      expect(collector.take(from('203.0.113.7', type), Buffer.from(oldBody('inline')))).toEqual({ kind: 'refused', reason: 'media_type' })
    const without: GuardRequest = { ...from('203.0.113.7'), header: () => undefined }
    expect(collector.take(without, Buffer.from(oldBody('inline')))).toEqual({ kind: 'refused', reason: 'media_type' })
    expect(collector.take(from('203.0.113.7', 'Application/CSP-Report; charset=utf-8'), Buffer.from(oldBody('inline'))).kind).toBe('taken')
  })

  it('so that one format is never read as the other', () => {
    const { send } = make()
    expect(send('203.0.113.7', JSON.stringify([newEntry('inline')]), OLD)).toEqual({ kind: 'refused', reason: 'malformed' })
    expect(send('203.0.113.7', oldBody('inline'), NEW)).toEqual({ kind: 'taken', violations: 0, dropped: 1 })
  })
})

describe('a body that is wrong', () => {
  it.each(['', '{', 'null', '[]', '"x"', '{"csp-report":null}', '\u0000', '[['.repeat(30_000), '{"a":'.repeat(10_000)])(
    'is refused and counted: %s',
    (body) => {
      const { send, collector } = make()
      expect(send('203.0.113.7', body)).toEqual({ kind: 'refused', reason: 'malformed' })
      expect(collector.stats().dropped.malformed).toBe(1)
    },
  )

  it('in bytes that are no UTF-8 is refused', () => {
    const { collector } = make()
    expect(collector.take(from('203.0.113.7'), Buffer.from([0x22, 0xff, 0x22]))).toEqual({ kind: 'refused', reason: 'malformed' })
  })

  it('of another method is refused', () => {
    const { collector } = make()
    for (const method of ['GET', 'PUT', 'OPTIONS', 'post'])
      expect(collector.take(from('203.0.113.7', OLD, method), Buffer.from(oldBody('inline')))).toEqual({
        kind: 'refused',
        reason: 'method',
      })
  })

  it('never throws, whatever it is', () => {
    const { collector } = make({ perSource: 100_000, total: 1_000_000 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), fc.constantFrom(OLD, NEW), (bytes, json, type) => {
        for (const body of [
          bytes,
          Buffer.from(json),
          Buffer.from(`{"csp-report":${json}}`),
          Buffer.from(`[{"type":"csp-violation","body":${json}}]`),
        ])
          expect(collector.take(from('203.0.113.7', type), body).kind).toMatch(/^taken|refused$/)
      }),
    )
  })
})

describe('trap: report endpoint as amplifier', () => {
  it('100,000 hostile reports keep what is held and what is told bounded [ASVS 2.4.1, 15.2.2]', () => {
    const { collector, told, send, wait } = make()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100_000; i++) {
      if (i % 1_000 === 0) wait(1_000)
      // every one of another page, source, script and address
      const body = oldBody(`https://x${i}.example/${'p'.repeat(200)}${i}?${'q'.repeat(500)}`, {
        'document-uri': `https://app.example/${i}/${'d'.repeat(500)}`,
        'source-file': `https://app.example/${i}.js`,
        'script-sample': 's'.repeat(1_000) + i,
      })
      send(`198.51.${(i >> 8) & 255}.${i & 255}`, body)
    }
    const stats = collector.stats()
    // 100 seconds: two windows of 600 violations, told at most 100 each
    expect(stats.bodies).toBe(100_000)
    expect(stats.violations).toBeLessThanOrEqual(1_200)
    expect(stats.kept).toBeLessThanOrEqual(500)
    expect(told.length).toBeLessThanOrEqual(200)
    expect(stats.dropped.total_limit + stats.dropped.table_full).toBeGreaterThan(98_000)
    expect(JSON.stringify(told).length).toBeLessThan(200 * 2_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
  })

  it('one source cannot use up the share of the others', () => {
    const { send } = make({ perSource: 10, total: 100 })
    const verdicts = Array.from({ length: 1_000 }, () => send('203.0.113.7', oldBody('inline')).kind)
    expect(verdicts.filter((kind) => kind === 'taken')).toHaveLength(10)
    expect(send('203.0.113.8', oldBody('inline')).kind).toBe('taken')
  })

  it('a source is its address prefix: rotating a /64 gains nothing', () => {
    const clientAddress = createClientAddress('direct')
    const { send } = make({ perSource: 10, total: 1_000, clientAddress })
    const taken = Array.from({ length: 200 }, (_, i) => send(`2001:db8:1:1::${i.toString(16)}`, oldBody('inline')).kind)
    expect(taken.filter((kind) => kind === 'taken')).toHaveLength(10)
    expect(send('2001:db8:1:2::1', oldBody('inline')).kind).toBe('taken')
  })

  it('entries of one body count one by one, and a body holds no more than it may', () => {
    const { send, collector } = make({ perSource: 60, maxEntries: 50 })
    const many = JSON.stringify(Array.from({ length: 5_000 }, () => ({ type: 'x' })))
    expect(send('203.0.113.7', many, NEW)).toEqual({ kind: 'taken', violations: 0, dropped: 100 })
    const flood = (): CspCollected =>
      send('203.0.113.8', JSON.stringify(Array.from({ length: 50 }, (_, i) => newEntry(`https://x${i}.example/`))), NEW)
    expect(flood()).toMatchObject({ violations: 50 })
    expect(flood()).toMatchObject({ violations: 10, dropped: 40 })
    expect(flood()).toEqual({ kind: 'refused', reason: 'source_limit' })
    expect(collector.stats().dropped).toMatchObject({ too_many: 50, other_type: 50, source_limit: 41 })
  })

  it('a clock that was set back by a day keeps nobody out', () => {
    const { send, wait } = make({ perSource: 1, total: 1 })
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('taken')
    wait(-86_400_000)
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('taken')
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('refused')
  })

  it('more sources than are counted one by one still share the total', () => {
    const { send } = make({ perSource: 2, total: 12_000 })
    let taken = 0
    for (let i = 0; i < 15_000; i++) if (send(`198.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, oldBody('inline')).kind === 'taken') taken++
    expect(taken).toBe(12_000)
  })

  it('what a page says of itself is bounded in every field', () => {
    const { send, told } = make()
    const long = 'x'.repeat(4_000)
    send(
      '203.0.113.7',
      oldBody(`https://a.example/${long}`, {
        'document-uri': `https://b.example/${long}`,
        'source-file': `https://c.example/${long}`,
        'script-sample': long,
      }),
    )
    expect(JSON.stringify(told).length).toBeLessThan(1_400)
    send('203.0.113.7', oldBody('inline', { 'effective-directive': 'x'.repeat(4_000), 'violated-directive': 'img-src' }))
    send('203.0.113.7', oldBody('inline', { 'effective-directive': 'img-src; script-src *' }))
    expect(told).toHaveLength(1)
  })

  it('a minute later there is room again', () => {
    const { send, wait } = make({ perSource: 1 })
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('taken')
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('refused')
    wait(60_000)
    expect(send('203.0.113.7', oldBody('inline')).kind).toBe('taken')
  })
})

describe('a body that is still coming in', () => {
  async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) {
      given++
      yield await Promise.resolve(Buffer.alloc(size, 32))
    }
  }
  let given = 0

  it('is read to its end', async () => {
    const { collector } = make()
    const body = Buffer.from(oldBody('inline'))
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < body.length; i += 7) yield await Promise.resolve(body.subarray(i, i + 7))
    }
    expect(await collector.collect(from('203.0.113.7'), pieces())).toEqual({ kind: 'taken', violations: 1, dropped: 0 })
    expect(await collector.collect(from('203.0.113.7'), null)).toEqual({ kind: 'refused', reason: 'malformed' })
  })

  it('is let go of once it is far too large', async () => {
    const { collector } = make({ maxBodyBytes: 1_024 })
    given = 0
    expect(await collector.collect(from('203.0.113.7'), chunks(1_000_000, 1_024))).toEqual({ kind: 'refused', reason: 'too_large' })
    expect(given).toBe(5)
    expect(collector.take(from('203.0.113.7'), Buffer.alloc(1_025))).toEqual({ kind: 'refused', reason: 'too_large' })
  })

  it('that breaks off is refused', async () => {
    const { collector } = make()
    // oxlint-disable-next-line require-yield -- it breaks before it gives anything
    async function* broken(): AsyncGenerator<Uint8Array> {
      await Promise.resolve()
      throw new Error('aborted')
    }
    expect(await collector.collect(from('203.0.113.7'), broken())).toEqual({ kind: 'refused', reason: 'malformed' })
  })

  it('is taken from a real server and from a web Request, and 204 is all that anybody hears', async () => {
    const { collector, told } = make()
    const server = createServer((request, response) => {
      const answer = async (): Promise<void> => {
        await collector.collect(asGuardRequest(request), request)
        response.writeHead(204).end()
      }
      void answer()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/csp-reports`
    const post = async (type: string, body: string): Promise<[number, string]> => {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
      return [answer.status, await answer.text()]
    }
    expect(await post(OLD, oldBody('https://cdn.example/a.png'))).toEqual([204, ''])
    expect(await post(NEW, JSON.stringify([newEntry('eval')]))).toEqual([204, ''])
    expect(await post(OLD, 'nonsense')).toEqual([204, ''])
    expect(await post('text/html', '<script>')).toEqual([204, ''])
    expect(await post(OLD, 'x'.repeat(100_000))).toEqual([204, ''])
    await new Promise((resolve) => server.close(resolve))
    const web = new Request('https://app.example/csp-reports', { method: 'POST', body: oldBody('data') })
    await collector.collect(from('203.0.113.7'), web.body)
    expect(told.map(({ blocked }) => blocked)).toEqual(['https://cdn.example/a.png', 'eval', 'data:'])
  })
})

describe('options', () => {
  const nothing = (): void => undefined

  it.each([
    [{}, 'reports.report'],
    [{ report: nothing, maxBodyBytes: 10 }, 'reports.maxBodyBytes'],
    [{ report: nothing, maxEntries: 0 }, 'reports.maxEntries'],
    [{ report: nothing, perSource: -1 }, 'reports.perSource'],
    [{ report: nothing, total: 1.5 }, 'reports.total'],
    [{ report: nothing, kinds: 0 }, 'reports.kinds'],
    [{ report: nothing, maxTold: '5' }, 'reports.maxTold'],
    [{ report: nothing, origins: ['app.example'] }, 'reports.origins'],
    [{ report: nothing, limit: 5 }, 'reports has no option "limit"'],
  ])('%j are refused at start', (options, message) => {
    expect(() => createCspCollector(options as unknown as CspCollectorOptions)).toThrow(message)
  })
})
