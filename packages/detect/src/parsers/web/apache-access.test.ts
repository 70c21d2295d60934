import { generateLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { nginxAccess } from '../nginx-access.js'
import { apacheAccess } from './apache-access.js'
import { gunicornAccess } from './gunicorn-access.js'
import { traefikAccess } from './traefik-access.js'

const STAMP = '[20/Nov/2026:03:04:05 +0000]'
const REST = `- - ${STAMP} "GET /a?b=1 HTTP/1.1" 404 12`

describe("Apache's access log", () => {
  it('is read in its three formats, and the host is the one asked for', () => {
    const common = readBy(apacheAccess, `198.18.0.1 ${REST}`)
    expect(common).toMatchObject({
      '@timestamp': TIME,
      'source.ip': '198.18.0.1',
      'url.path': '/a',
      'http.response.body.bytes': 12,
      'event.dataset': 'apache.access',
    })
    expect(common['user_agent.original']).toBeUndefined()
    const combined = readBy(apacheAccess, `198.18.0.1 ${REST} "https://x.example/" "curl/8"`)
    expect(combined).toMatchObject({ 'http.request.referrer': 'https://x.example/', 'user_agent.original': 'curl/8' })
    const vhost = readBy(apacheAccess, `shop.example:443 198.18.0.1 ${REST} "-" "curl/8"`)
    expect(vhost).toMatchObject({ 'url.domain': 'shop.example', 'source.ip': '198.18.0.1', 'user_agent.original': 'curl/8' })
    expect(new Set([common, combined, vhost].map((event) => Object.keys(event).join())).size).toBe(1)
  })

  it('has every field that the events of nginx have', () => {
    const fields = Object.keys(readBy(nginxAccess, `198.18.0.1 ${REST} "-" "-"`))
    expect(Object.keys(readBy(apacheAccess, `198.18.0.1 ${REST} "-" "-"`))).toEqual(expect.arrayContaining(fields))
  })

  it('takes an address for no host with a port', () => {
    expect(readBy(apacheAccess, `2001:db8::80 ${REST}`)['source.ip']).toBe('2001:db8::80')
    expect(readBy(apacheAccess, `host.example ${REST}`)['source.ip']).toBeUndefined()
    expect(readBy(apacheAccess, `host.example:80 nobody ${REST}`)['url.domain']).toBeUndefined()
  })

  it('reads a generated log like the parser of nginx', () => {
    for (const line of generateLog({ kind: 'nginx', lines: 2000, attack: 0.4, seed: 8 }).lines)
      expect({ ...readBy(apacheAccess, line), 'event.dataset': 'nginx.access' }).toEqual(nginxAccess.parse(line, context))
  })

  it.each([
    '',
    'x',
    `198.18.0.1 ${STAMP} "GET / HTTP/1.1" 200 1`,
    `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1" x 1`,
    `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1"200`,
    `198.18.0.1 - - [31/Feb/2026:03:04:05 +0000] "-" 200 1`,
  ])('%j is none', (line) => {
    expect(apacheAccess.parse(line, context)).toBeUndefined()
  })

  it('keeps its fields apart whatever a client sends, since a quote of his has a backslash before it', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', ' ', '\\"', '\\\\', '[', ']', '200', STAMP, '198.18.9.9') })
      .filter((one) => one.trim() === one && one !== '')
    fc.assert(
      fc.property(text, text, text, (path, referrer, agent) => {
        expect(readBy(apacheAccess, `198.18.0.1 - - ${STAMP} "GET /${path} HTTP/1.1" 404 1 "${referrer}" "${agent}"`)).toMatchObject({
          'source.ip': '198.18.0.1',
          '@timestamp': TIME,
          'url.original': `/${path}`,
          'http.response.status_code': 404,
          'http.request.referrer': referrer,
          'user_agent.original': agent,
        })
      }),
      { seed: 20_261_122 },
    )
  })

  it('keeps who asked for what of a line that is cut', () => {
    expect(readBy(apacheAccess, `198.18.0.1 - - ${STAMP} "GET /../../etc/passwd?${'a'.repeat(9_000)}`)).toMatchObject({
      'event.reason': 'truncated_line',
      'url.path': '/../../etc/passwd',
      'source.ip': '198.18.0.1',
    })
    for (const line of [`198.18.0.1 ${REST}`, `198.18.0.1 ${REST} "x`, `198.18.0.1 ${REST} "x" "y`, `198.18.0.1 - - ${STAMP} "-" 408 -`])
      expect(readBy(apacheAccess, line)['source.ip']).toBe('198.18.0.1')
  })

  it('is bounded and quick, whatever it holds', () => {
    expectSturdy(apacheAccess, SAMPLES['apache.access'] ?? [])
  })
})

describe("Gunicorn's access log", () => {
  it('is read when it is named, and never guessed: it looks like those of others', () => {
    const line = `198.18.0.1 ${REST} "-" "curl/8"`
    expect(readBy(gunicornAccess, line)).toMatchObject({
      'event.dataset': 'gunicorn.access',
      'url.path': '/a',
      'user_agent.original': 'curl/8',
    })
    expect(gunicornAccess.sniff(line)).toBe(false)
  })

  it('survives a backslash at the end of what a client sends, which Gunicorn does not escape', () => {
    expect(readBy(gunicornAccess, `198.18.0.1 ${REST} "-" "curl\\"`)).toMatchObject({
      'source.ip': '198.18.0.1',
      'http.response.status_code': 404,
    })
    expect(readBy(gunicornAccess, `198.18.0.1 ${REST} "x\\" "curl/8"`)).toMatchObject({
      'source.ip': '198.18.0.1',
      'http.response.status_code': 404,
    })
  })
})

describe("Traefik's access log", () => {
  const line = `198.18.0.1 ${REST} "-" "curl/8" 17 "whoami@docker" "http://172.18.0.3:80" 2ms`

  it('tells how long the answer took', () => {
    expect(readBy(traefikAccess, line)).toMatchObject({
      'event.dataset': 'traefik',
      'event.duration': 2_000_000,
      'url.query': 'b=1',
      'user_agent.original': 'curl/8',
    })
  })

  it.each([
    `198.18.0.1 ${REST} "-" "curl/8"`,
    `198.18.0.1 ${REST} "-" "curl/8 17 \\"r\\" \\"s\\" 2ms"`,
    line.replace(' 17 ', ' x '),
    line.replace('2ms', 'xms'),
  ])('needs what Traefik writes last: %s', (text) => {
    expect(traefikAccess.parse(text, context)).toBeUndefined()
  })

  it('keeps a line that is cut, but is not recognised by it', () => {
    const cut = `198.18.0.1 - - ${STAMP} "GET /${'a'.repeat(9_000)}`
    expect(readBy(traefikAccess, cut)['event.reason']).toBe('truncated_line')
    expect(traefikAccess.sniff(cut)).toBe(false)
  })

  it('is bounded and quick, whatever it holds', () => {
    expectSturdy(traefikAccess, SAMPLES['traefik'] ?? [])
  })
})
