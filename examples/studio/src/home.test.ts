import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SETUP_MS, startTestStudio, type TestStudio } from './fixtures/studio.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

describe('what machines ask for', () => {
  it('/healthz says whether the database answers, and nothing else', async () => {
    expect(JSON.parse((await studio.browser().get('/healthz')).text)).toEqual({ status: 'ok' })
  })

  it('security.txt says whom to tell, until when, and where it stands (RFC 9116)', async () => {
    const { text, headers } = await studio.browser().get('/.well-known/security.txt')
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const fields = Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => line.split(/: (.*)/).slice(0, 2)),
    )
    expect(fields).toMatchObject({ Contact: 'mailto:security@studio.example', Canonical: `${studio.origin}/.well-known/security.txt` })
    const days = (Date.parse(fields['Expires'] ?? '') - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(30)
    expect(days).toBeLessThan(366)
  })

  it('reports about the content security policy are taken from anybody, and never answered', async () => {
    const report = {
      'csp-report': { 'document-uri': `${studio.origin}/`, 'effective-directive': 'img-src', 'blocked-uri': 'https://cdn.example/x' },
    }
    const answer = await fetch(`${studio.origin}/csp-reports`, {
      method: 'POST',
      body: JSON.stringify(report),
      headers: { 'content-type': 'application/csp-report' },
    })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })
})

describe('every answer', () => {
  it('has its headers: pages, problems, files, errors [ASVS 3.4.3, 3.4.4, 3.4.5, 3.4.6]', async () => {
    const browser = studio.browser()
    for (const path of [
      '/',
      '/sign-in',
      '/nothing-here',
      '/assets/studio.css',
      '/assets/nothing',
      '/api/me',
      '/documents/%00',
      '/healthz',
    ]) {
      const { headers } = await browser.get(path)
      expect([path, headers.get('content-security-policy')]).toEqual([path, expect.stringContaining("frame-ancestors 'none'")])
      expect([path, headers.get('x-content-type-options'), headers.get('x-powered-by'), headers.get('server')]).toEqual([
        path,
        'nosniff',
        null,
        null,
      ])
      expect(headers.get('referrer-policy')).toBeTruthy()
    }
  })

  it('to something that is not there is a page for people and a problem for programs, with a reference each', async () => {
    const page = await studio.browser().get('/nothing-here')
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect(page.text).toMatch(/[\da-f]{8}-[\da-f]{4}-7/)
    const problem = await studio.browser().json('GET', '/nothing-here')
    expect([problem.status, problem.headers.get('content-type')]).toEqual([404, expect.stringContaining('application/problem+json')])
  })

  it('to something that broke says no word of it [ASVS 16.5.1]', async () => {
    const browser = studio.browser()
    await browser.signIn('spare-1@studio.example')
    await studio.pool.query('alter table frameworks rename to gone')
    try {
      for (const answer of [await browser.get('/frameworks'), await browser.json('GET', '/frameworks')]) {
        expect(answer.status).toBe(500)
        expect(answer.text).not.toMatch(/frameworks"|relation|42P01|select|\.ts|node_modules/)
      }
    } finally {
      await studio.pool.query('alter table gone rename to frameworks')
    }
  })

  it('to a body that is too large, broken or of another kind is a refusal, and nothing breaks', async () => {
    const browser = studio.browser()
    await browser.signIn('spare-2@studio.example')
    expect((await browser.post('/account', { name: 'x'.repeat(100_000) })).status).toBe(413)
    const send = (body: string, type: string) =>
      fetch(`${studio.origin}/api/me`, {
        method: 'POST',
        body,
        headers: { 'content-type': type, origin: studio.origin, 'x-forwarded-for': '203.0.113.77' },
      })
    expect((await send('{"name": ', 'application/json')).status).toBe(400)
    for (const body of ['[]', '{"name":["x"]}', '{"name":{"a":1}}', '{"__proto__":{"name":"x"}}', '{"name":null}'])
      expect([body, (await browser.json('POST', '/api/me', JSON.parse(body))).status]).toEqual([body, 400])
    expect(JSON.parse((await browser.json('GET', '/api/me')).text)).toMatchObject({ name: 'Test spare-2', role: 'member' })
  })

  it('to a form or JSON of another site is a refusal [ASVS 3.5.1, 3.5.2]', async () => {
    const browser = studio.browser()
    await browser.signIn('probe-a@studio.example')
    const cross = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    for (const path of ['/account', `/documents/${studio.seeded.ids.document}/comments`, '/sign-out', '/account/sessions/end-others'])
      expect([path, (await browser.post(path, { name: 'Eve', text: 'Eve' }, cross)).status]).toEqual([path, 403])
    expect((await browser.get('/account')).status).toBe(200)
  })
})
