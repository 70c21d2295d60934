import type { StoredEvent } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpTables } from '../db/fixtures/dump.js'
import { findPlanted, PLANTED, PLANTED_LINE } from '@parapet/testkit'
import { createTestApp, failedLogin, PASSWORD, type TestApp } from './fixtures/test-app.js'

let t: TestApp
let source: { id: string; token: string }
const answers: string[] = []
const TEXTS = [
  'event.action', 'event.reason', 'event.original', 'message', 'host.name', 'service.name', 'process.name', 'session.id', 'device.id', 'url.path',
  'url.query', 'url.original', 'http.request.method', 'http.request.referrer', 'user_agent.original', 'event.dataset', 'source.ip', 'user.id',
  'user.email', 'user.full_name', 'user.target.name', 'related.user', 'labels.note', 'app.free',
] as const // prettier-ignore

/** Fields that take 64 characters. */
const SHORT: ReadonlySet<string> = new Set(['http.request.method', 'source.ip'])

beforeAll(async () => {
  t = await createTestApp()
  source = await t.makeSource('shop')
}, 60_000)
afterAll(() => t.close())

/** Sends a request whose answer is an error, and keeps its body. */
const refused = async (...[method, url, options]: Parameters<TestApp['call']>): Promise<number> => {
  const answer = await t.call(method, url, options)
  answers.push(answer.text)
  return answer.status
}
const send = (events: readonly unknown[]) => t.call('POST', '/v1/events', { token: source.token, body: events })

describe('what a person or a careless program sends', () => {
  it('goes through ingest, detection, decisions, sign-ins and their failures', async () => {
    const sent = [
      // every field by itself, and in a list
      ...TEXTS.map((name) => failedLogin({ 'user.name': PLANTED.name, [name]: SHORT.has(name) ? PLANTED.email : PLANTED_LINE })),
      ...TEXTS.map((name) => failedLogin({ 'user.name': PLANTED.name, [`x.${name}`]: ['a', PLANTED_LINE] })),
      failedLogin({ 'event.id': `login:${PLANTED.email}`, 'user.name': PLANTED.email }),
      failedLogin({ 'user.name': PLANTED.name, 'app.password': PLANTED.password, 'app.pin_secret': PLANTED.password, [PLANTED.email]: 1 }),
      failedLogin({ 'user.name': PLANTED.name, amount: Number(PLANTED.cardDigits) }),
      // a name that nobody has, in the raw line as well
      ...Array.from({ length: 6 }, () =>
        failedLogin({
          'event.dataset': 'sshd',
          'event.reason': 'unknown_user',
          'user.name': PLANTED.mistyped,
          'source.ip': '203.0.113.77',
          message: `Invalid user ${PLANTED.mistyped} from 203.0.113.77`,
        }),
      ),
      // one person from many addresses: alerts that stand for her
      ...Array.from({ length: 30 }, (_, i) => failedLogin({ 'user.name': PLANTED.name, 'source.ip': `198.51.100.${i + 1}` })),
      ...Array.from({ length: 30 }, (_, i) => failedLogin({ 'user.name': PLANTED.email, 'source.ip': `198.51.101.${i + 1}` })),
    ]
    const { body } = await send(sent)
    expect(body.rejected).toEqual([])
    expect(body.accepted).toBe(sent.length)
    await t.settle()

    const decide = (kind: string, value: string) =>
      t.call('POST', '/v1/decisions', {
        token: t.local,
        body: {
          target: { kind, value },
          action: 'deny',
          scope: 'login',
          duration: '1h',
          reason: `asked for: ${PLANTED_LINE} ${PLANTED.name}`,
        },
      })
    expect((await decide('user', PLANTED.name)).status).toBe(201)
    expect((await decide('user', PLANTED.email)).status).toBe(201)
    const { body: byAddress } = await decide('ip', '192.0.2.9')
    await t.call('POST', `/v1/decisions/${byAddress.id}/lift`, { token: t.local, body: { reason: `mistake: ${PLANTED.email}` } })
    await t.call('POST', '/v1/decisions/lift', { token: t.local, body: { target: PLANTED.email, reason: PLANTED.phone } })

    const { cookie } = await t.makeOperator('admin', 'Olga')
    await t.call('GET', '/v1/session', { cookie })
    for (const [name, password] of [
      [PLANTED.mistyped, 'x'],
      [PLANTED.email, PLANTED.password],
      ['olga', PLANTED.password],
    ] as const)
      await refused('POST', '/v1/session', { body: { name, password } })
  }, 60_000)

  it('brings errors that repeat nothing of it', async () => {
    expect(await refused('GET', `/v1/nowhere/${PLANTED.email}?key=${PLANTED.awsKey}`, { token: t.local })).toBe(404)
    expect(await refused('GET', `/v1/events?address=${PLANTED.email}`, { token: t.local })).toBe(422)
    expect(
      await refused('POST', '/v1/decisions', {
        token: t.local,
        body: { target: { kind: 'ip', value: PLANTED.email }, reason: PLANTED_LINE },
      }),
    ).toBe(422)
    expect(await refused('POST', '/v1/decisions', { token: t.local, body: { [PLANTED.email]: PLANTED_LINE } })).toBe(422)
    expect(await refused('GET', `/v1/alerts/${PLANTED.email}`, { token: t.local })).toBe(404)
    expect(await refused('POST', '/v1/events', { token: source.token, raw: `{"message":"${PLANTED_LINE}"` })).toBe(400)
    expect(await refused('GET', '/v1/alerts', { token: PLANTED.stripeKey })).toBe(401)
    const { body, text } = await send([
      { '@timestamp': 1, [PLANTED.email]: { a: PLANTED_LINE } },
      PLANTED_LINE,
      { '@timestamp': PLANTED_LINE },
    ])
    expect(body.rejected).toHaveLength(3)
    answers.push(text)
  })

  it('is nowhere in a dump of the database, in the log, or in an error', async () => {
    expect(findPlanted(await dumpTables(t.database))).toEqual([])
    expect(findPlanted(t.log.join('\n'))).toEqual([])
    expect(findPlanted(answers.join('\n'))).toEqual([])
    expect(t.log.length).toBeGreaterThan(20)
  })

  it('is still shown to who may see it, found by its name, and obeyed by enforcers', async () => {
    const why = await t.call('GET', `/v1/why?target=${PLANTED.name}`, { token: t.local })
    expect(why.body).toMatchObject({ target: PLANTED.name, blocked: true })
    expect(why.body.alerts.length).toBeGreaterThan(0)
    expect(why.body.events.length).toBe(50)
    expect(why.body.events.every(({ event }: StoredEvent) => event['user.name'] === PLANTED.name)).toBe(true)
    const byMail = await t.call('GET', `/v1/events?user=${encodeURIComponent(PLANTED.email.toUpperCase())}&limit=200`, { token: t.local })
    expect(byMail.body.items).toHaveLength(31)
    const alerts = await t.call('GET', `/v1/alerts?target=${encodeURIComponent(PLANTED.email)}`, { token: t.local })
    expect(alerts.body.items.some(({ scope }: { scope: { value: string } }) => scope.value === PLANTED.email)).toBe(true)
    const { decisions } = await t.services.decisions.active(t.now())
    expect(decisions.map(({ target }) => target)).toContainEqual({ kind: 'user', value: PLANTED.name })

    // what nobody goes by is counted and found, and shown as a hint
    const unknown = await t.call('GET', `/v1/events?user=${PLANTED.mistyped}&limit=50`, { token: t.local })
    expect(unknown.body.items).toHaveLength(6)
    const shown: string = unknown.body.items[0].event['user.name']
    expect(shown).toMatch(/^m\*{3}~/)
    expect((await t.call('GET', `/v1/events?user=${encodeURIComponent(shown)}`, { token: t.local })).body.items).toHaveLength(6)
    expect(JSON.stringify(unknown.body)).not.toContain(PLANTED.mistyped)
  })

  it('shows hints to viewers where the settings say so', async () => {
    const strict = await createTestApp({ privacy: { viewersSeeNames: false } })
    try {
      const { token } = await strict.makeSource()
      await strict.call('POST', '/v1/events', {
        token,
        body: Array.from({ length: 30 }, (_, i) =>
          failedLogin({ 'user.name': PLANTED.name, 'user.email': PLANTED.email, 'source.ip': `198.51.100.${i + 1}` }),
        ),
      })
      await strict.settle()
      await strict.call('POST', '/v1/decisions', {
        token: strict.local,
        body: { target: { kind: 'user', value: PLANTED.name }, action: 'deny', scope: 'login', duration: '1h', reason: PLANTED.name },
      })
      const viewer = await strict.makeOperator('viewer')
      const admin = await strict.makeOperator('admin')
      const { body: alerts } = await strict.call('GET', '/v1/alerts', { cookie: viewer.cookie })
      const pages = [
        '/v1/alerts',
        '/v1/events',
        '/v1/decisions',
        '/v1/overview',
        '/v1/audit',
        `/v1/why?target=${PLANTED.name}`,
        `/v1/alerts/${alerts.items[0].id}`,
      ]
      for (const page of pages) {
        const seen = await strict.call('GET', page, { cookie: viewer.cookie })
        expect(seen.status, page).toBe(200)
        // but for the question itself, which the viewer knows
        expect(findPlanted(seen.text.replace(`"target":"${PLANTED.name}"`, '')), page).toEqual([])
      }
      expect((await strict.call('GET', '/v1/events', { cookie: admin.cookie })).text).toContain(PLANTED.name)
    } finally {
      await strict.close()
    }
  }, 60_000)

  it('signs in again after the table of operators was stolen, and not without the key', async () => {
    const { rows } = await t.database.pool.query<{ hash: string }>('SELECT password_hash AS hash FROM operators')
    for (const { hash } of rows) expect(hash).toMatch(/^ppt1\./)
    expect((await t.call('POST', '/v1/session', { body: { name: 'olga', password: PASSWORD } })).status).toBe(200)
  })
})
