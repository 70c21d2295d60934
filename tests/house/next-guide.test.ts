import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../e2e/support/processes.js'
import { isAsPrinted, readBlocks, runBlock, writePrograms } from './guide-programs.js'
import { root } from './imports.js'

const PAGE = 'docs/guides/protect-a-next-app.md'
const NEXT = createRequire(import.meta.url).resolve('next/dist/bin/next')
const ORIGIN = 'http://localhost:8080'
const blocks = readBlocks(PAGE)
const program = blocks.filter(({ file }) => /^(?:lib|app)\/|^proxy\.ts$/.test(file))

/** What `create-next-app` brings; packages of this checkout are not bundled, so that sources are run. */
const AROUND = {
  'package.json': '{ "name": "parapet-next-guide", "private": true, "type": "module" }',
  'next.config.mjs':
    "export default { serverExternalPackages: ['@parapet/guard', '@parapet/core', '@parapet/client'], typescript: { ignoreBuildErrors: true } }",
  'app/layout.tsx':
    'export default function Layout({ children }: { children: never }) {\n  return <html lang="en"><body>{children}</body></html>\n}\n',
}
const hash = createHash('sha256')
  .update(JSON.stringify([AROUND, program]))
  .digest('hex')
  .slice(0, 12)
const folder = join(root, '.cache', `next-guide-${hash}`)
const env = {
  ...process.env,
  NODE_ENV: 'production',
  NODE_OPTIONS: '--conditions=source --import tsx',
  NEXT_TELEMETRY_DISABLED: '1',
  PUBLIC_ORIGIN: ORIGIN,
  GUARD_SECRET: 'a-secret-for-this-test-0123456789abcdef',
}

describe('the guide for Next', () => {
  let server: ChildProcess | undefined
  let url = ''
  let from = 0

  beforeAll(async () => {
    // built once for each state of the page
    if (!existsSync(join(folder, '.next/BUILD_ID'))) {
      rmSync(folder, { recursive: true, force: true })
      writePrograms(folder, program)
      for (const [name, text] of Object.entries(AROUND)) writeFileSync(join(folder, name), text)
      const built = spawnSync(process.execPath, [NEXT, 'build'], { cwd: folder, env, encoding: 'utf8', timeout: 280_000 })
      if (built.status !== 0) throw new Error(`${built.stdout}\n${built.stderr}`)
    }
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    server = spawn(process.execPath, [NEXT, 'start', '-H', '127.0.0.1', '-p', String(port)], { cwd: folder, env, stdio: 'ignore' })
    await eventually(async () => ((await ask('/').catch(() => undefined))?.status === 200 ? true : undefined), 'Next is up', 60_000, 200)
  }, 360_000)
  afterAll(() => void server?.kill('SIGKILL'))

  /** As nginx before it would ask, each time for another client unless said. */
  const ask = (path: string, options: RequestInit = {}, client = `203.0.113.${(from = (from % 250) + 1)}`): Promise<Response> =>
    fetch(`${url}${path}`, {
      redirect: 'manual',
      ...options,
      headers: { 'X-Forwarded-For': client, ...(options.headers as Record<string, string>) },
    })
  const signIn = (password: string, headers: Record<string, string> = {}): Promise<Response> =>
    ask('/api/login', { method: 'POST', body: new URLSearchParams({ username: 'anna', password }), headers })
  const cookieOf = (response: Response, name: string): string =>
    response.headers
      .getSetCookie()
      .find((cookie) => cookie.startsWith(`${name}=`))
      ?.split(';')[0] ?? ''

  it('says why direct is refused, in the words of the refusal', async () => {
    const place = join(root, '.cache', `next-guide-refused-${process.pid}`)
    const block = blocks.find(({ file }) => file === 'refused.ts')
    writePrograms(
      place,
      blocks.filter((one) => one === block),
    )
    const printed = block === undefined ? '' : await runBlock(place, block, {})
    rmSync(place, { recursive: true, force: true })
    expect(isAsPrinted(printed, block?.prints ?? 'nothing')).toBe(true)
  }, 30_000)

  it('runs: pages with a nonce of their own, no forms of other sites, sign-in, lock, and a session that pages know', async () => {
    const home = await ask('/')
    const html = await home.text()
    const [, nonce = 'none'] = /'nonce-([^']+)'/.exec(home.headers.get('content-security-policy') ?? '') ?? []
    expect(html).toContain('Nobody is signed in')
    expect(html).toContain(`nonce="${nonce}"`)
    expect((await signIn('x', { origin: 'https://evil.example' })).status).toBe(403)

    const good = await signIn('correct horse battery staple')
    expect([good.status, good.headers.get('location'), good.headers.getSetCookie().length]).toEqual([303, '/', 2])
    const cookie = cookieOf(good, 'session')
    expect(await (await ask('/', { headers: { cookie } })).text()).toContain('Signed in as u1')

    for (let i = 0; i < 5; i++) expect((await signIn('wrong')).status).toBe(401)
    const locked = await signIn('correct horse battery staple')
    expect([locked.status, await locked.text()]).toEqual([401, 'The name or the password is wrong'])
    expect((await signIn('correct horse battery staple', { cookie: cookieOf(good, 'device'), origin: ORIGIN })).status).toBe(303)

    const enrolment = await ask('/api/mfa', { method: 'POST', headers: { cookie, origin: ORIGIN } })
    expect([enrolment.status, enrolment.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await enrolment.json()).toMatchObject({ svg: expect.stringContaining('<svg') as string })
    expect((await ask('/api/mfa', { method: 'POST' })).status).toBe(401)
    const out = await ask('/api/logout', { method: 'POST', headers: { cookie, origin: ORIGIN } })
    expect([out.status, cookieOf(out, 'session')]).toEqual([303, 'session='])
    expect(await (await ask('/', { headers: { cookie } })).text()).toContain('Nobody is signed in')
  }, 60_000)
})
