import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPlanted, freePort, PLANTED, PLANTED_LINE } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, type ControlPlane, createPlace, createSource, parapet, root, startControlPlane } from './support/control-plane.js'
import { leaksBelow, PASSWORD } from './support/planted.js'
import { eventually, type Program, startProgram } from './support/processes.js'

type Page<T> = { readonly items: readonly T[] }

describe('personal data and secrets that are sent to a running installation', () => {
  const place = createPlace('planted')
  const dataDir = join(place.path, 'data')
  const errors: string[] = []
  let control: ControlPlane
  let example: Program
  let site: string
  let tokens: { admin: string; source: string }

  beforeAll(async () => {
    control = await startControlPlane({ dataDir, port: await freePort(), env: { PARAPET_LOG_LEVEL: 'debug' } })
    tokens = await createSource(control.url, dataDir)
    const port = await freePort()
    example = startProgram('npm', ['start', '--silent', '--workspace', '@parapet/example-express'], {
      cwd: root,
      env: {
        PORT: String(port),
        GUARD_SECRET: 'a-secret-for-this-test-0123456789abcdef',
        PARAPET_URL: control.url,
        PARAPET_TOKEN: tokens.source,
      },
    })
    await example.waitFor(new RegExp(`http://\\S+:${port}`))
    site = `http://localhost:${port}`
  }, 180_000)
  afterAll(async () => {
    await example?.stop()
    await control?.stop()
    place.remove()
  }, 60_000)

  const asAdmin = <T>(path: string, body?: unknown): Promise<T> =>
    api<T>(`${control.url}${path}`, { token: tokens.admin, ...(body === undefined ? {} : { body }) })
  /** A request whose answer is an error: its body is kept. */
  const refused = async (url: string, options: RequestInit = {}): Promise<number> => {
    const answer = await fetch(url, { redirect: 'manual', ...options })
    errors.push(await answer.text())
    return answer.status
  }
  const signIn = (username: string, password: string): Promise<Response> =>
    fetch(`${site}/login`, { method: 'POST', body: new URLSearchParams({ username, password }), redirect: 'manual' })

  it('come through the application, as log lines, as decisions and as sign-ins', async () => {
    await asAdmin('/v1/sources', { name: 'host' })
    for (let i = 0; i < 6; i++) await signIn(i % 2 === 0 ? PLANTED.email : PLANTED.mistyped, PLANTED.password)
    await fetch(
      `${site}/search?mail=${encodeURIComponent(PLANTED.email)}&card=${PLANTED.card.replaceAll(' ', '+')}&api_key=${PLANTED.awsKey}`,
      {
        headers: { 'user-agent': `bot ${PLANTED_LINE}`, referer: `https://x.example/?${encodeURIComponent(PLANTED_LINE)}` },
      },
    )
    const login = { '@timestamp': Date.now(), 'event.category': 'authentication', 'event.action': 'login', 'event.outcome': 'failure' }
    const events = [
      ...Array.from({ length: 30 }, (_, i) => ({
        ...login,
        'event.dataset': 'shop',
        'user.name': PLANTED.name,
        'source.ip': `198.51.100.${i + 1}`,
      })),
      ...Array.from({ length: 6 }, () => ({
        ...login,
        'event.dataset': 'sshd',
        'event.reason': 'unknown_user',
        'user.name': PLANTED.mistyped,
        'source.ip': '203.0.113.77',
        'event.original': `Invalid user ${PLANTED.mistyped} from 203.0.113.77 port 4711`,
      })),
      {
        ...login,
        'user.name': PLANTED.name,
        'user.email': PLANTED.email,
        message: PLANTED_LINE,
        'app.note': PLANTED_LINE,
        'app.password': PLANTED.password,
      },
    ]
    const answer = await api<{ accepted: number }>(`${control.url}/v1/events`, { token: tokens.source, body: events })
    expect(answer.accepted).toBe(events.length)
    await asAdmin('/v1/decisions', {
      target: { kind: 'user', value: PLANTED.email },
      action: 'deny',
      scope: 'login',
      duration: '1h',
      reason: `${PLANTED.name} asked: ${PLANTED_LINE}`,
    })
    const link = control.setupLink ?? ''
    await api(`${control.url}/v1/setup`, { body: { link, name: 'olga', password: PASSWORD }, headers: { origin: control.url } })
    await eventually(
      async () => ((await asAdmin<Page<unknown>>(`/v1/alerts?target=${PLANTED.name}`)).items.length > 0 ? true : undefined),
      'an alert that stands for a person',
    )
  }, 60_000)

  it('come with requests and commands that are refused', async () => {
    const json = { 'content-type': 'application/json' }
    const bearer = { ...json, authorization: `Bearer ${tokens.admin}` }
    expect(
      await refused(`${control.url}/v1/session`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ name: PLANTED.mistyped, password: PLANTED.password }),
      }),
    ).toBe(401)
    expect(await refused(`${control.url}/v1/${PLANTED.email}?token=${PLANTED.stripeKey}`, { headers: bearer })).toBe(404)
    expect(
      await refused(`${control.url}/v1/decisions`, {
        method: 'POST',
        headers: bearer,
        body: JSON.stringify({ [PLANTED.email]: PLANTED_LINE }),
      }),
    ).toBe(422)
    expect(
      await refused(`${control.url}/v1/events`, {
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${tokens.source}` },
        body: `{"message":"${PLANTED_LINE}"`,
      }),
    ).toBe(400)
    expect(await refused(`${control.url}/v1/alerts`, { headers: { authorization: `Bearer ${PLANTED.awsKey}` } })).toBe(401)
    expect(
      await refused(`${site}/login`, {
        method: 'POST',
        headers: { origin: `https://${PLANTED.email}` },
        body: new URLSearchParams({ username: PLANTED.email, password: PLANTED.password }),
      }),
    ).toBe(403)
    for (const args of [
      ['detect', `/nowhere/${PLANTED.email}/auth.log`],
      ['block', PLANTED.email, '--for', PLANTED.card],
      [PLANTED.stripeKey, PLANTED.password],
    ]) {
      const command = startProgram(process.execPath, [parapet, ...args], { env: { PARAPET_DATA_DIR: dataDir, PARAPET_URL: control.url } })
      await eventually(() => command.child.exitCode ?? undefined, 'the command to end', 30_000)
      expect(command.child.exitCode).toBeGreaterThan(0)
      errors.push(command.output())
    }
  }, 60_000)

  it('reach people who may see them, and the guard that has to act on them', async () => {
    const why = await asAdmin<{ decisions: readonly { target: { value: string } }[]; events: Page<unknown>['items'] }>(
      `/v1/why?target=${encodeURIComponent(PLANTED.email)}`,
    )
    expect(why.decisions[0]?.target.value).toBe(PLANTED.email)
    expect(why.events.length).toBeGreaterThan(0)
    const found = await asAdmin<Page<{ event: Record<string, unknown> }>>(`/v1/events?user=${PLANTED.mistyped}`)
    expect(found.items.length).toBeGreaterThanOrEqual(6)
    for (const { event } of found.items) expect(String(event['user.name'])).toMatch(/^m\*{3}~/)
  })

  it('would be found if they were there, in whatever form', () => {
    const folder = createPlace('planted-proof')
    mkdirSync(join(folder.path, 'pg_wal'))
    for (const [i, value] of [PLANTED_LINE, encodeURIComponent(PLANTED.email), PASSWORD].entries())
      writeFileSync(join(folder.path, 'pg_wal', String(i)), `\0\xff${value}\0`)
    expect(leaksBelow(folder.path).length).toBeGreaterThanOrEqual(8)
    expect(() => folder.remove()).toThrow(/found nowhere/)
  })

  it('are in no log, no error and no file of the installation, not even in the write-ahead log', async () => {
    expect(findPlanted(control.output())).toEqual([])
    expect(findPlanted(example.output())).toEqual([])
    expect(errors.length).toBeGreaterThanOrEqual(9)
    for (const body of errors) expect(findPlanted(body), body).toEqual([])
    await example.stop()
    await control.stop()
    expect(readdirSync(dataDir, { recursive: true }).some((path) => String(path).includes('pg_wal'))).toBe(true)
    expect(leaksBelow(dataDir)).toEqual([])
  }, 60_000)
})
