import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../app/fixtures/test-app.js'

let t: TestApp
let site: string
const SCRIPT = `export const x = ${JSON.stringify('x'.repeat(5_000))}`
beforeAll(async () => {
  // a built console, as the bundler writes it
  site = await mkdtemp(join(tmpdir(), 'parapet-site-'))
  await mkdir(join(site, 'assets'))
  await writeFile(join(site, 'index.html'), '<!doctype html><title>Parapet</title>')
  await writeFile(join(site, 'assets', 'index-BfKjydwz.js'), SCRIPT)
  await writeFile(join(site, 'mark.svg'), '<svg/>')
  t = await createTestApp({ consoleDir: site })
}, 60_000)
afterAll(async () => {
  await t.close()
  await rm(site, { recursive: true, force: true })
})

describe('the console', () => {
  it('serves its start page for every path that it routes itself', async () => {
    for (const url of ['/', '/alerts', '/alerts/some-id', '/setup', '/decisions?state=all']) {
      const answer = await t.call('GET', url)
      expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('<title>Parapet') })
      expect(answer.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    }
  })

  it('sends pages with a policy that runs no inline script and lets nobody frame them [ASVS 3.4.3, 3.4.6]', async () => {
    const { headers } = await t.call('GET', '/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(/script-src 'self'(;|$)/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("base-uri 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(headers['permissions-policy']).toContain('camera=()')
    // over plain http this would lock browsers out of localhost
    expect(headers['strict-transport-security']).toBeUndefined()
  })

  it('lets browsers keep files with a hash in their name for ever, and no other', async () => {
    const script = await t.call('GET', '/assets/index-BfKjydwz.js')
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect((await t.call('GET', '/mark.svg')).headers).toMatchObject({ 'content-type': 'image/svg+xml', 'cache-control': 'no-cache' })
  })

  it('answers 304 for what the browser has', async () => {
    const { headers } = await t.call('GET', '/mark.svg')
    const again = await t.call('GET', '/mark.svg', { headers: { 'if-none-match': String(headers['etag']) } })
    expect(again).toMatchObject({ status: 304, text: '' })
  })

  it('packs what is worth it for browsers that take it', async () => {
    const packed = await t.app.inject({ url: '/assets/index-BfKjydwz.js', headers: { 'accept-encoding': 'gzip, br' } })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.rawPayload).toString()).toBe(SCRIPT)
    expect((await t.call('GET', '/mark.svg', { headers: { 'accept-encoding': 'gzip' } })).headers['content-encoding']).toBeUndefined()
  })

  it('gives no page where a file or an API is missing, and no file from outside', async () => {
    for (const url of [
      '/assets/gone-12345678.js',
      '/favicon.ico',
      '/v1/nothing',
      '/v1',
      '/metrics/x',
      '/..%2f..%2fetc%2fpasswd',
      '/%2e%2e/%2e%2e/etc/passwd.txt',
      '/assets/..%5c..%5cx.js',
    ]) {
      const answer = await t.call('GET', url)
      expect([404, 200]).toContain(answer.status)
      expect(answer.text).not.toContain('root:')
      expect(answer.body?.code ?? 'the start page').toBe(answer.status === 404 ? 'PPT_NOT_FOUND' : 'the start page')
    }
    expect((await t.call('GET', '/assets/gone-12345678.js')).status).toBe(404)
    expect((await t.call('GET', '/v1/nothing')).status).toBe(404)
  })

  it('answers HEAD like GET, without the body', async () => {
    const answer = await t.call('HEAD', '/')
    expect(answer).toMatchObject({ status: 200, text: '' })
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
      const [get, head] = [await t.call('GET', path), await t.call('HEAD', path)]
      expect([path, head.status, head.text]).toEqual([path, get.status, ''])
      expect(head.headers['content-type']).toBe(get.headers['content-type'])
    }
  })
})

describe('errors', () => {
  it('are problems with a correlation id, never cached', async () => {
    const answer = await t.call('PUT', '/v1/alerts', { body: {} })
    expect(answer.status).toBe(404)
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringContaining('application/problem+json'),
      'cache-control': 'no-store',
    })
    expect(answer.body).toMatchObject({
      type: 'https://parapet.dev/errors/PPT_NOT_FOUND',
      status: 404,
      instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
    })
  })

  it('of the URL are problems too', async () => {
    for (const url of ['/%', '/%zz', '/v1/alerts/%ff'])
      expect((await t.call('GET', url)).body).toMatchObject({ code: expect.stringMatching(/^PPT_(NOT_FOUND|UNAUTHENTICATED|INVALID)$/) })
  })

  it('of ours say nothing outside and everything in the log, under the same id [ASVS 16.5.1]', async () => {
    await t.database.owner().query('alter table audit rename to audit_away')
    try {
      const broken = await t.call('GET', '/v1/audit', { token: t.local })
      expect(broken.body).toMatchObject({ status: 500, code: 'PPT_INTERNAL' })
      expect(broken.text).not.toMatch(/audit_away|relation|select/i)
      const line = t.log.find((one) => one.includes(broken.body.instance.slice('urn:uuid:'.length)) && one.includes('request failed'))
      expect(line).toContain('relation')
      expect(line).not.toContain(t.local)
    } finally {
      await t.database.owner().query('alter table audit_away rename to audit')
    }
  })

  it('keep tokens, cookies and passwords out of the log [ASVS 16.2.5]', async () => {
    const { cookie } = await t.makeOperator('viewer', 'Logged')
    await t.call('POST', '/v1/session', { cookie, body: { name: 'Logged', password: 'a wrong password typed' } })
    await t.call('POST', '/v1/tokens', { token: t.local, raw: '{"password":"broken json secret' })
    const seen = t.log.join('')
    for (const secret of [t.local, cookie.split('=')[1]?.split(';')[0] ?? 'none', 'a wrong password typed', 'broken json secret'])
      expect(seen).not.toContain(secret)
  })

  it('bodies of other routes are bounded to 64 KiB and to JSON', async () => {
    expect((await t.call('POST', '/v1/sources', { token: t.local, body: { name: 'x'.repeat(70_000) } })).body).toMatchObject({
      status: 413,
      code: 'PPT_BODY_TOO_LARGE',
    })
    expect(
      (await t.call('POST', '/v1/sources', { token: t.local, raw: '{}\n{}', headers: { 'content-type': 'application/x-ndjson' } })).status,
    ).toBe(415)
    expect((await t.call('POST', '/v1/sources', { token: t.local, raw: '{"name":"a","name":' })).body.detail).toMatch(/position/)
  })
})

describe('health', () => {
  it('is open, short, and says nothing about the inside', async () => {
    expect((await t.call('GET', '/healthz', { from: '203.0.113.9' })).body).toEqual({ status: 'ok' })
    expect((await t.call('GET', '/readyz', { from: '203.0.113.9' })).body).toEqual({ status: 'ready', lag: { events: 0, ms: 0 } })
  })

  it('is ready only while the database answers; alive all the same', async () => {
    const { pool } = t.services.database
    const held = []
    // nobody gets a connection any more: as if the database had stopped answering
    while (pool.totalCount < (pool.options.max ?? 10) || pool.idleCount > 0) held.push(await pool.connect())
    const waiting = t.call('GET', '/readyz')
    expect((await t.call('GET', '/healthz')).status).toBe(200)
    expect((await waiting).body).toMatchObject({ status: 503, code: 'PPT_DATABASE_UNAVAILABLE' })
    for (const client of held) client.release()
    expect((await t.call('GET', '/readyz')).status).toBe(200)
  })
})

describe('metrics', () => {
  it('are for this machine and for tokens, not for strangers [ASVS 13.4.5]', async () => {
    expect((await t.call('GET', '/metrics')).text).toContain('parapet_detection_lag_events 0')
    expect((await t.call('GET', '/metrics', { from: '203.0.113.9' })).status).toBe(401)
    const { token } = await t.makeToken(['alerts.read'])
    expect((await t.call('GET', '/metrics', { token, from: '203.0.113.9' })).status).toBe(200)
  })

  it('are not for whoever comes through a proxy on this machine', async () => {
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip'])
      expect((await t.call('GET', '/metrics', { headers: { [name]: '127.0.0.1' } })).status).toBe(401)
  })

  it('count requests by route and not by address, so that nobody can fill them', async () => {
    await t.call('GET', '/v1/alerts/some-strange-id', { token: t.local })
    const { text } = await t.call('GET', '/metrics')
    expect(text).toContain('route="/v1/alerts/:id"')
    expect(text).not.toContain('some-strange-id')
    for (const name of [
      'parapet_decisions_active',
      'parapet_database_connections',
      'parapet_streams_open',
      'process_resident_memory_bytes',
    ])
      expect(text).toContain(name)
  })
})

describe('a client address', () => {
  it('is the peer: forwarding headers of strangers change nothing [ASVS 4.1.3, 15.3.4]', async () => {
    await t.call('POST', '/v1/setup', {
      body: { link: 'x', name: 'a', password: 'b' },
      from: '198.51.100.66',
      headers: { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' },
    })
    const { body } = await t.call('GET', '/v1/audit?limit=1', { token: t.local })
    expect(body.items[0]).toMatchObject({ address: '198.51.100.66', reason: 'PPT_SETUP_LINK' })
  })
})
