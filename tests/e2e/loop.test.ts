import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WhyAnswer } from '@parapet/core'
import { findProgram, needs, PLANTED } from '@parapet/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ControlPlane, createPlace, root, startControlPlane } from './support/control-plane.js'
import { createNetwork, type Network } from './support/network.js'
import { PASSWORD, PEOPLE } from './support/planted.js'
import { launchChromium } from './support/chromium.js'
import { startNginx } from './support/nginx.js'
import { eventually, type Program, run, startProgram } from './support/processes.js'

const loop = needs('root', 'network namespaces', 'nginx', 'hydra', 'chromium', 'curl')

/** One HTTP request from a host of the network, by curl, with the time it took to be answered. */
type Answer = { readonly status: number; readonly body: string }

describe.skipIf(!loop.ok)(`an attack on a real application is seen, stopped and shown${loop.note}`, () => {
  const place = createPlace('loop')
  let network: Network
  let control: ControlPlane
  let example: Program
  let nginx: Program
  let browser: Browser
  let page: Page

  const request = (host: string, ...args: readonly string[]): Answer => {
    const [command, ...prefix] = network.on(host)
    const out = run(command, ...prefix, 'curl', '--silent', '--max-time', '10', '--write-out', '\n%{http_code}', ...args)
    const at = out.lastIndexOf('\n')
    return { status: Number(out.slice(at + 1)), body: out.slice(0, at) }
  }
  const site = (path: string): string => `http://${network.address('web')}${path}`
  const signIn = (host: string, username: string, password: string, ...more: readonly string[]): Answer =>
    request(host, '--data-urlencode', `username=${username}`, '--data-urlencode', `password=${password}`, ...more, site('/login'))
  const asOperator = (path: string, token: string, ...more: readonly string[]): unknown =>
    JSON.parse(request('web', '-H', `authorization: Bearer ${token}`, ...more, `http://localhost:8700${path}`).body)

  beforeAll(async () => {
    network = createNetwork(['web', 'attacker', 'honest', 'bystander'])
    control = await startControlPlane({ dataDir: join(place.path, 'data'), port: 8700, prefix: network.on('web') })
    browser = await launchChromium(network.on('web'), join(place.path, 'chromium'))
    page = await browser.newPage()

    // the first operator comes in by the one-time link and makes a source for the application, as a person would
    await page.goto(control.setupLink ?? '')
    await page.getByLabel(/name/i).first().fill('olga')
    await page
      .getByLabel(/^password/i)
      .first()
      .fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Triage' }).waitFor()
    const { token } = await page.evaluate(async () => {
      const answer = await fetch('/v1/sources', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'example' }),
      })
      return (await answer.json()) as { token: string }
    })

    const [command, ...prefix] = network.on('web')
    example = startProgram(command, [...prefix, 'npm', 'start', '--silent', '--workspace', '@parapet/example-express'], {
      cwd: root,
      env: { PORT: '3000', HOST: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.1', PARAPET_URL: control.url, PARAPET_TOKEN: token },
    })
    await example.waitFor(/http:\/\/\S+:3000/)
    nginx = await startNginx({
      prefix: network.on('web'),
      place: join(place.path, 'nginx'),
      listen: [network.address('web'), network.address6('web')],
      upstream: '127.0.0.1:3000',
    })
    mkdirSync(join(place.path, 'lists'), { recursive: true })
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await nginx?.stop()
    await example?.stop()
    await control?.stop()
    network?.remove()
    place.remove()
  }, 60_000)

  it('lets an honest client in and out before anything happens', () => {
    // a password typed into the name's field: from here on it must stand in no file and no output
    expect(signIn('honest', PLANTED.mistyped, PLANTED.password).status).toBe(401)
    expect(signIn('honest', 'bert', 'wrong').status).toBe(401)
    expect(signIn('honest', 'bert', PEOPLE.bert).status).toBeLessThan(400)
  })

  it('locks the account for that device within 1 s of the fifth failure, and refuses the attacker with 403 within 1 s of the alert', async () => {
    await page.goto(`${control.url}/alerts`)
    await page.getByRole('heading', { name: 'Alerts' }).waitFor()
    const passwords = join(place.path, 'lists/passwords')
    writeFileSync(passwords, Array.from({ length: 5 }, (_, i) => `guess-${i}`).join('\n'))
    const [command, ...prefix] = network.on('attacker')
    run(
      command,
      ...prefix,
      findProgram('hydra') ?? 'hydra',
      '-I',
      '-l',
      'anna',
      '-P',
      passwords,
      '-t',
      '1',
      network.address('web'),
      'http-post-form',
      '/login:username=^USER^&password=^PASS^:F=wrong',
    )
    const fifth = Date.now()
    // even the right password: the pair of subject and unknown device is locked at once, and soon the address is refused
    const answer = signIn('attacker', 'anna', PEOPLE.anna)
    expect(answer.status).toBeGreaterThanOrEqual(401)
    expect(Date.now() - fifth).toBeLessThan(1_000)

    const row = page.getByRole('row').filter({ hasText: network.address('attacker') })
    await row.first().waitFor({ timeout: 5_000 })
    const alertSeen = Date.now()
    const refused = await eventually(
      () => (signIn('attacker', 'anna', 'any').status === 403 ? Date.now() : undefined),
      'a 403 for the attacker',
      5_000,
    )
    expect(refused - alertSeen).toBeLessThan(1_000)
    expect(signIn('attacker', 'bert', PEOPLE.bert).status).toBe(403)
  }, 60_000)

  it('never touches an innocent client behind the same nginx, and the victim signs in from elsewhere', () => {
    expect(signIn('bystander', 'carla', PEOPLE.carla).status).toBeLessThan(400)
    expect(request('attacker', site('/')).status).toBe(200)
    expect(signIn('honest', 'bert', PEOPLE.bert).status).toBeLessThan(400)
  })

  it('is not moved by a spoofed X-Forwarded-For, in either direction', () => {
    const spoofs = ['127.0.0.1', network.address('honest'), '10.0.0.1, 127.0.0.1', '::1', 'junk'].map((value) => [
      '-H',
      `x-forwarded-for: ${value}`,
    ])
    for (const spoof of spoofs) expect(signIn('attacker', 'bert', PEOPLE.bert, ...spoof).status).toBe(403)
    // an honest host that claims to be the attacker, or is used to frame him, is judged by its own address
    expect(signIn('bystander', 'carla', PEOPLE.carla, '-H', `x-forwarded-for: ${network.address('attacker')}`).status).toBeLessThan(400)
  })

  it('shows the decision in the open page without reload, and one click undoes it', async () => {
    await page.getByRole('link', { name: 'Decisions' }).click()
    const row = page.getByRole('row').filter({ hasText: network.address('attacker') })
    await row.first().waitFor({ timeout: 5_000 })
    await row.first().getByRole('button', { name: /undo/i }).click()
    await eventually(
      () => (signIn('attacker', 'bert', PEOPLE.bert).status === 403 ? undefined : true),
      'the attacker is no longer refused',
      3_000,
    )
  }, 30_000)

  it('answers why, with every decision, alert and line behind it', () => {
    const { token } = asOperator(
      '/v1/tokens',
      readToken(place.path),
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify({ name: 'why', scopes: ['decisions.read', 'alerts.read', 'events.read'] }),
    ) as { token: string }
    const why = asOperator(`/v1/why?target=${network.address('attacker')}`, token) as WhyAnswer
    expect(why.blocked).toBe(false)
    expect(why.decisions.length).toBeGreaterThan(0)
    expect(why.alerts.length).toBeGreaterThan(0)
    expect(why.events.length).toBeGreaterThanOrEqual(5)
  })
})

const readToken = (path: string): string => run('cat', join(path, 'data/local-token')).trim()
