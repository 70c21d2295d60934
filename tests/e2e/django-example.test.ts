import { spawnSync } from 'node:child_process'
import { get, request } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { connect } from 'node:tls'
import { djangoPython, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, root } from './support/control-plane.js'
import { type Answer, type DjangoSite, header, startDjangoSite, type Visitor } from './support/django-site.js'
import { eventually } from './support/processes.js'

const here = needs('nginx', 'openssl', 'django')
const PASSWORD = 'seven slow herons stand'
const REFERENCE = '0192f0c1-0000-7000-8000-000000000000'
const folder = join(root, 'examples/django')
const manage = (env: Readonly<Record<string, string | undefined>>, ...args: readonly string[]): { status: number | null; said: string } => {
  const ran = spawnSync(djangoPython, ['manage.py', ...args], { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' })
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` }
}
const GOOD = {
  DJANGO_SECRET_KEY: 'w9Zt3QpLx7VbN2mKc8RfYh5JgDs4TaUe6XoIi1PqWzEvBnMl0HkC',
  DJANGO_HOSTS: 'studio.example',
  GATE_TOKEN: 'a-token-for-this-test-0123456789abcdef',
  PYTHONDONTWRITEBYTECODE: '1',
}

describe.skipIf(!needs('django').ok)(`the settings of the Django example${needs('django').note}`, () => {
  it("have nothing that Django's own check of a deployment complains about", () => {
    const { status, said } = manage(GOOD, 'check', '--deploy', '--fail-level', 'INFO')
    expect(said).toContain('System check identified no issues')
    expect(status).toBe(0)
  })

  it('have migrations for every model', () => {
    expect(manage(GOOD, 'makemigrations', '--check', '--dry-run').said).toContain('No changes detected')
  })

  it.each([
    ['the key is missing', { DJANGO_SECRET_KEY: undefined }, 'DJANGO_SECRET_KEY'],
    ['the key is short', { DJANGO_SECRET_KEY: 'your-secret-key' }, 'DJANGO_SECRET_KEY'],
    ["the key is one of startproject's", { DJANGO_SECRET_KEY: `django-insecure-${GOOD.DJANGO_SECRET_KEY}` }, 'placeholder'],
    ['the key is a letter many times', { DJANGO_SECRET_KEY: 'x'.repeat(64) }, 'placeholder'],
    ['no host is named', { DJANGO_HOSTS: undefined }, 'DJANGO_HOSTS'],
    ['every host is named', { DJANGO_HOSTS: '*' }, 'DJANGO_HOSTS'],
    ['the token of the gate is missing', { GATE_TOKEN: undefined }, 'GATE_TOKEN'],
  ])('refuse to start when %s, and say which variable', (_, change, named) => {
    const { status, said } = manage({ ...GOOD, ...change }, 'check')
    expect(status).not.toBe(0)
    expect(said.trimEnd().split('\n').at(-1)).toContain(named)
    expect(said).not.toContain(GOOD.DJANGO_SECRET_KEY)
  })

  it.each(['GUARD_SECRET', 'GATE_TOKEN'])('are matched by the gate, which does not start without %s', (name) => {
    const env: Record<string, string | undefined> = {
      ...process.env,
      GUARD_SECRET: GOOD.GATE_TOKEN,
      GATE_TOKEN: GOOD.GATE_TOKEN,
      PORT: '0',
    }
    env[name] = 'short'
    const ran = spawnSync(process.execPath, ['--conditions=source', '--import', 'tsx', join(folder, 'gate.ts')], {
      cwd: root,
      env,
      encoding: 'utf8',
    })
    expect(ran.status).toBe(1)
    expect(ran.stderr).toContain(`Set ${name}`)
  })
})

describe.skipIf(!here.ok)(`the Django example behind nginx and the gate${here.note}`, () => {
  const place = createPlace('django-example')
  let site: DjangoSite
  let anna: Visitor
  let bert: Visitor
  const API = ['/api/me', '/api/documents', '/api/documents/6c7a4a4e-8d59-4c8e-9c69-0b6a1d1f8a11'] as const

  beforeAll(async () => {
    site = await startDjangoSite(place.path, PASSWORD)
    ;[anna, bert] = [site.visitor('127.0.0.10'), site.visitor('127.0.0.11')]
  }, 90_000)
  afterAll(async () => {
    await site?.stop()
    place.remove()
  }, 60_000)

  const documents = async (who: Visitor): Promise<readonly { id: string; title: string }[]> =>
    (JSON.parse((await who.ask('/api/documents')).text) as { documents: { id: string; title: string }[] }).documents
  const problemOf = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text) as Record<string, unknown>
  const eventOf = (what: string, is: (event: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>> =>
    eventually(() => site.events().find(is), what)

  /** Asks Django past nginx, as only this machine can. */
  const straight = (path: string, more: { method?: string; body?: string; headers?: Record<string, string> } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', body, headers } = more
      const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
      const own = { Host: 'localhost', 'X-Forwarded-Proto': 'https', 'X-Request-Id': REFERENCE, ...length }
      const made = request(
        { host: '127.0.0.1', port: site.ports.django, path, method, agent: false, headers: { ...own, ...headers } },
        (answer) => {
          let text = ''
          answer.on('data', (chunk) => (text += String(chunk)))
          answer.on('end', () => {
            const all = Object.entries(answer.headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one] as const))
            resolve({ status: answer.statusCode ?? 0, headers: all, cookies: [], text })
          })
        },
      )
      made.on('error', reject)
      made.end(body)
    })

  it('tells nobody anything without a session [ASVS 8.3.1]', async () => {
    for (const path of API) {
      const answer = await site.visitor('127.0.0.12').ask(path)
      expect([answer.status, header(answer, 'content-type')]).toEqual([401, ['application/problem+json']])
      expect(problemOf(answer)).toMatchObject({ status: 401, title: 'Sign in first' })
    }
  })

  it('signs in with cookies that no script, no other host and no plain connection gets [ASVS 3.3.1, 3.3.2, 3.3.4]', async () => {
    for (const [who, name] of [
      [anna, 'anna'],
      [bert, 'bert'],
    ] as const) {
      const answer = await who.signIn(name, PASSWORD)
      expect([answer.status, header(answer, 'location')]).toEqual([302, ['/api/me']])
      const named = answer.cookies.map((line) => line.split('=')[0] ?? '').toSorted((a, b) => (a < b ? -1 : 1))
      expect(named).toEqual(['__Host-csrftoken', '__Host-device', '__Host-sessionid'])
      for (const line of answer.cookies)
        expect(line).toMatch(/(?=.*; Secure)(?=.*; HttpOnly)(?=.*; Path=\/)(?=.*; SameSite=(?:Strict|Lax))/i)
      expect(answer.cookies.join()).not.toMatch(/domain=/i)
      expect(problemOf(await who.ask('/api/me'))).toMatchObject({ name, id: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    }
  })

  it('gives each the own documents and those of frameworks that he may view [ASVS 8.2.2]', async () => {
    expect((await documents(anna)).map(({ title }) => title).toSorted()).toEqual(['Access review, third quarter', 'Record of processing'])
    expect((await documents(bert)).map(({ title }) => title).toSorted()).toEqual(['Record of processing', 'Vendor list'])
    const shared = (await documents(anna)).find(({ title }) => title === 'Record of processing')
    expect((await bert.ask(`/api/documents/${shared?.id}`)).status).toBe(200)
  })

  it('answers for what one may not see as for what does not exist, reading and writing alike [ASVS 8.2.2]', async () => {
    const hers = (await documents(anna)).find(({ title }) => title.startsWith('Access'))?.id ?? ''
    const spared = (answer: Answer): unknown => ({ ...problemOf(answer), instance: '' })
    expect((await anna.ask(`/api/documents/${hers}`)).status).toBe(200)
    const forbidden = await bert.ask(`/api/documents/${hers}`)
    const missing = await bert.ask(API[2])
    expect([forbidden.status, spared(forbidden)]).toEqual([404, spared(missing)])
    expect((await bert.post(`/api/documents/${hers}/comments`, { text: 'I was here' })).status).toBe(404)
    expect((await anna.ask(`/api/documents/${hers}`)).text).not.toContain('I was here')
  })

  it('has ids from which nobody tells the next, and takes no others [ASVS 8.2.2]', async () => {
    const ids = [...(await documents(anna)), ...(await documents(bert))].map(({ id }) => id)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    for (const id of ['1', '2', '../me', '%2e%2e%2fme', ids[0]?.toUpperCase(), `${ids[0]}'`])
      expect((await anna.ask(`/api/documents/${id}`)).status, id).toBe(404)
  })

  it('takes a comment from who sees the document, and none that is not a short text', async () => {
    const shared = (await documents(bert)).find(({ title }) => title === 'Record of processing')?.id ?? ''
    const written = await bert.post(`/api/documents/${shared}/comments`, { text: '<b>noted</b>' })
    expect([written.status, problemOf(written)['text']]).toEqual([201, '<b>noted</b>'])
    expect(header(await anna.ask(`/api/documents/${shared}`), 'content-type')).toEqual(['application/json'])
    expect((await anna.ask(`/api/documents/${shared}`)).text).toContain('<b>noted</b>')
    for (const bad of [
      { text: '' },
      { text: '  ' },
      { text: 7 },
      { text: 'a\0b' },
      { text: 'x'.repeat(2_001) },
      {},
      [],
      null,
      'x',
      { __proto__: null },
    ])
      expect((await bert.post(`/api/documents/${shared}/comments`, bad)).status, JSON.stringify(bad)).toBe(400)
  })

  it('keeps who saw what, with the address that nginx saw', () => {
    const rows = site.rows(
      'select username, action, address, count(*) from studio_access join studio_person on person_id = studio_person.id group by 1, 2, 3',
    )
    expect(rows).toEqual(expect.arrayContaining([['bert', 'comment', '127.0.0.11', 1], ['bert', 'view', '127.0.0.11', 1]])) // prettier-ignore
    expect(site.rows("select count(*) from studio_access where action = 'view' and address = '127.0.0.10'")).toEqual([[4]])
  })

  it('refuses what another site sends before Django looks, with or without a session [ASVS 3.5.1]', async () => {
    const body = JSON.stringify({ text: 'from elsewhere' })
    const id = (await documents(anna))[0]?.id ?? ''
    for (const headers of [
      { Origin: 'https://evil.example', 'Content-Type': 'application/json' },
      { Origin: 'null', 'Content-Type': 'text/plain' },
      { 'Sec-Fetch-Site': 'cross-site', 'Content-Type': 'text/plain' },
    ] as const)
      for (const who of [anna, site.visitor('127.0.0.13')]) {
        const answer = await who.ask(`/api/documents/${id}/comments?mark=elsewhere`, { method: 'POST', body, headers: { ...headers } })
        expect([answer.status, problemOf(answer)['title']]).toEqual([403, 'Refused'])
      }
    await anna.ask('/api/me?mark=own')
    await eventually(() => (site.django.output().includes('mark=own') ? true : undefined), "Django's log")
    expect(site.django.output()).not.toContain('mark=elsewhere')
  })

  it("asks for Django's own token as well, and tells the gate when it is not there [ASVS 3.5.1]", async () => {
    const id = (await documents(anna))[0]?.id ?? ''
    const headers = { 'Content-Type': 'application/json', Origin: site.origin, Referer: `${site.origin}/` }
    const answer = await anna.ask(`/api/documents/${id}/comments`, { method: 'POST', body: '{"text":"no token"}', headers })
    expect([answer.status, problemOf(answer)['title']]).toEqual([403, 'This request did not come from a page of ours'])
    const event = await eventOf('an event of the token', (one) => one['event.dataset'] === 'django' && one['event.reason'] === 'csrf')
    expect(event).toMatchObject({
      'event.category': 'web',
      'event.outcome': 'failure',
      'event.dataset': 'django',
      'source.ip': '127.0.0.10',
    })
  })

  it('tells of failed sign-ins with address and reason, whatever headers the client forges [ASVS 16.3.1]', async () => {
    const mallory = site.visitor('127.0.0.14')
    const form = await mallory.ask('/accounts/login/')
    const [, token = ''] = /csrfmiddlewaretoken" value="(\w+)"/.exec(form.text) ?? []
    for (const username of ['bert', 'no such person']) {
      const answer = await mallory.ask('/accounts/login/', {
        method: 'POST',
        body: new URLSearchParams({ csrfmiddlewaretoken: token, username, password: 'planted-and-wrong' }).toString(),
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Origin: site.origin,
          Referer: `${site.origin}/`,
          'User-Agent': 'forger/1',
          'X-Forwarded-For': '203.0.113.9',
          'X-Real-IP': '203.0.113.9',
          Forwarded: 'for=203.0.113.9',
          'X-Request-Id': 'mine',
          'X-Forwarded-Proto': 'http',
        },
      })
      expect([answer.status, answer.text.includes('The name or the password is wrong.')]).toEqual([200, true])
    }
    const told = {
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'source.ip': '127.0.0.14',
      'user_agent.original': 'forger/1',
    }
    expect(await eventOf('a wrong password', (one) => one['user.name'] === 'bert' && one['event.outcome'] === 'failure')).toMatchObject({
      ...told,
      'event.reason': 'bad_password',
    })
    expect(await eventOf('a name of nobody', (one) => one['user.name'] === 'no such person')).toMatchObject({
      ...told,
      'event.reason': 'unknown_user',
    })
    expect(site.events().some((one) => one['user.name'] === 'bert' && one['event.outcome'] === 'success')).toBe(true)
    expect(`${site.gate.output()}${site.django.output()}`).not.toMatch(/203\.0\.113\.9|planted-and-wrong/)
  })

  it('locks a name after five wrong passwords, but not in the browser of its owner [ASVS 6.3.1]', async () => {
    const tries = ['127.0.0.21', '127.0.0.22', '127.0.0.23', '127.0.0.24', '127.0.0.25', '127.0.0.26']
    const answers: Answer[] = []
    for (const address of tries) answers.push(await site.visitor(address).signIn('anna', 'a guess at this one'))
    // the right password in a browser that is not known: what it gets is what a wrong one gets
    const stranger = site.visitor('127.0.0.27')
    const right = await stranger.signIn('anna', PASSWORD)
    const plain = ({ status, text }: Answer): unknown => [status, text.replaceAll(/value="\w+"/g, '')]
    for (const answer of answers) expect(plain(answer)).toEqual(plain(right))
    expect((await stranger.ask('/api/me')).status).toBe(401)
    const reasons = site.events().filter((one) => one['user.name'] === 'anna' && one['event.outcome'] === 'failure').map((one) => one['event.reason']) // prettier-ignore
    expect(reasons).toEqual([...Array.from({ length: 5 }, () => 'bad_password'), 'locked', 'locked'])
    // her own browser, signed out
    const known = site.visitor('127.0.0.28')
    known.jar.set('__Host-device', anna.jar.get('__Host-device') ?? '')
    expect((await known.signIn('anna', PASSWORD)).status).toBe(302)
  })

  it('signs out by POST alone, and the cookie is worth nothing then [ASVS 7.4.1]', async () => {
    expect((await bert.ask('/accounts/logout/')).status).toBe(405)
    const copied = new Map(bert.jar)
    const left = await bert.post('/accounts/logout/', {})
    expect([left.status, header(left, 'location')]).toEqual([302, ['/accounts/login/']])
    for (const [name, value] of copied) bert.jar.set(name, value)
    expect((await bert.ask('/api/me')).status).toBe(401)
    expect(await eventOf('the sign-out', (one) => one['event.action'] === 'logout')).toMatchObject({
      'user.name': 'bert',
      'source.ip': '127.0.0.11',
      'event.outcome': 'success',
    })
  })

  it('tells the gate of a host that Django does not answer for, and writes lines that nobody forges [ASVS 16.4.1]', async () => {
    const answer = await straight('/api/me', { headers: { Host: 'evil.example' } })
    expect([answer.status, problemOf(answer)['title']]).toEqual([400, 'Bad request'])
    expect(await eventOf('the odd host', (one) => one['event.reason'] === 'DisallowedHost')).toMatchObject({
      'event.dataset': 'django',
      'event.outcome': 'failure',
    })
    await anna.ask('/api/%0a2026-01-01%20CRITICAL%20forged%1b[31m/somebody@mail.example')
    const line = await eventually(() => /^.*CRITICAL forged.*$/m.exec(site.django.output())?.[0], 'the line')
    // current Django writes it out itself, 3.2 does not
    expect(line).toMatch(/Not Found: .*\\(?:x0a|n)2026.*so\*\*\*@mail/)
    expect(site.django.output()).not.toContain('\x1b')
  })

  it('has each header once on every kind of answer, nginx alone or Django [ASVS 3.4.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6]', async () => {
    const visitor = site.visitor('127.0.0.30')
    const elsewhere = { method: 'POST', body: 'a=b', headers: { Origin: 'https://evil.example' } }
    const answers = [
      [200, await visitor.ask('/accounts/login/')],
      [200, await anna.ask('/api/documents')],
      [401, await visitor.ask('/api/me')],
      [404, await visitor.ask('/nothing')],
      [403, await visitor.ask('/accounts/login/', elsewhere)],
      [413, await visitor.ask('/accounts/login/', { method: 'POST', body: 'x'.repeat(70_000), headers: { Origin: site.origin } })],
    ] as const
    for (const [status, answer] of answers) {
      expect(answer.status).toBe(status)
      expect(header(answer, 'strict-transport-security')).toEqual(['max-age=31536000; includeSubDomains'])
      expect(header(answer, 'x-content-type-options')).toEqual(['nosniff'])
      expect(header(answer, 'x-frame-options')).toEqual(['DENY'])
      expect(header(answer, 'referrer-policy')).toEqual(['strict-origin-when-cross-origin'])
      expect(header(answer, 'permissions-policy').length).toBe(1)
      expect(header(answer, 'cross-origin-opener-policy')).toEqual(['same-origin'])
      expect(header(answer, 'content-security-policy').length).toBe(1)
      expect(header(answer, 'content-security-policy')[0]).toContain("frame-ancestors 'none'")
      expect(header(answer, 'content-security-policy')[0]).not.toMatch(/unsafe/)
      expect(header(answer, 'server')).toEqual(['nginx'])
    }
    // what is behind a session stays in no cache
    expect(header(answers[1][1], 'cache-control')[0]).toMatch(/no-store/)
  })

  it('sends plain http to https, and gives another name no handshake', async () => {
    const plain = await new Promise<unknown>((resolve, reject) => {
      get({ host: '127.0.0.1', port: site.ports.plain, path: '/api/me', agent: false }, (answer) => {
        answer.resume()
        resolve([answer.statusCode, answer.headers.location])
      }).on('error', reject)
    })
    expect(plain).toEqual([308, `${site.origin}/api/me`])
    const shaken = await new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: site.ports.secure, servername: 'other.example', rejectUnauthorized: false }, () =>
        resolve('connected'),
      )
      socket.on('error', (error) => resolve(error.message))
      socket.on('close', () => resolve('closed'))
    })
    expect(shaken).toMatch(/unrecognized name/)
    const forged = await site.visitor('127.0.0.31').ask('/api/me', { headers: { Host: 'other.example' } })
    expect(forged.status).toBe(421)
  })

  it('limits one client and no other, and says when to come back [ASVS 2.4.1]', async () => {
    const greedy = site.visitor('127.0.0.40')
    const answers: Answer[] = []
    for (let i = 0; i < 150; i++) answers.push(await greedy.ask('/api/me'))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.slice(0, 120)).toEqual(Array.from({ length: 120 }, () => 401))
    const limited = answers.find(({ status }) => status === 429)
    expect(Number(header(limited ?? answers[0]!, 'retry-after')[0])).toBeGreaterThan(0)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(15)
    expect((await site.visitor('127.0.0.41').ask('/api/me')).status).toBe(401)
  })

  it('answers a failure of its own with a reference and nothing else, and lets nobody in when the gate is gone [ASVS 16.5.1, 16.5.3]', async () => {
    const before = site.django.output().length
    await site.gate.stop()
    const known = site.visitor('127.0.0.50')
    for (const [name, value] of anna.jar) known.jar.set(name, value)
    for (const path of ['/api/me?mark=gone', '/accounts/login/?mark=gone']) {
      const answer = await known.ask(path)
      expect([answer.status, header(answer, 'strict-transport-security').length]).toEqual([500, 1])
      expect(header(answer, 'content-security-policy')).toEqual(["default-src 'none'; frame-ancestors 'none'"])
    }
    expect(site.django.output().slice(before)).not.toContain('mark=gone')

    // past nginx, as somebody on the machine could: Django checks no password that nobody counts
    const csrf = 'a'.repeat(32)
    const answer = await straight('/accounts/login/', {
      method: 'POST',
      body: new URLSearchParams({ csrfmiddlewaretoken: csrf, username: 'anna', password: PASSWORD }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: `__Host-csrftoken=${csrf}`, Referer: 'https://localhost/' },
    })
    expect([answer.status, problemOf(answer)]).toEqual([
      500,
      { type: 'about:blank', title: 'Something went wrong', status: 500, instance: `urn:uuid:${REFERENCE}` },
    ])
    expect(header(answer, 'set-cookie').join()).not.toContain('sessionid')
    const logged = await eventually(() => /^.*Internal Server Error.*$/m.exec(site.django.output())?.[0], 'the log of the failure')
    // the whole of it in one line, and no password in it
    expect(logged).toMatch(/Traceback.*URLError/)
    expect(site.django.output()).not.toContain(PASSWORD)
  })
})
