import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './imports.js'

/** The pages whose code is checked; what a block leaves to the reader is declared for it. */
const PAGES = [
  {
    path: 'README.md',
    given: 'declare const users: { verify: (name: string, password: string) => Promise<{ id: string } | undefined> }\n',
  },
  { path: 'docs/guides/protect-an-express-app.md', given: '' },
  { path: 'docs/guides/protect-a-node-http-app.md', given: '' },
] as const

const blocksOf = (path: string, language: string): readonly string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '')

let place = ''
const running: ChildProcess[] = []
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  // inside the checkout, so that imports resolve as they do for an application beside the packages
  place = mkdtempSync(join(root, '.cache/guides-'))
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(place, { recursive: true, force: true })
})

const fileOf = (path: string, index: number): string => join(place, `${path.replaceAll(/\W/g, '-')}-${index}.ts`)

/** Runs the first block of a page, which is a whole program. */
const runProgram = async (path: string): Promise<string> => {
  const port = await freePort()
  const file = fileOf(path, 0)
  writeFileSync(file, blocksOf(path, 'ts')[0] ?? '')
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', file], {
    cwd: root,
    env: { ...process.env, PORT: String(port), GUARD_SECRET: 'a-secret-for-this-test-0123456789abcdef' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.push(child)
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const url = `http://localhost:${port}`
  await expect
    .poll(
      async () => {
        if (child.exitCode !== null) throw new Error(errors)
        return (await fetch(url).catch(() => undefined))?.status
      },
      { timeout: 30_000, interval: 100 },
    )
    .toBe(200)
  return url
}

const signIn = (url: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ username: 'anna', password }), redirect: 'manual', headers })

describe('code in the README and the guides', () => {
  it('type-checks as strictly as our own, against what the packages export', () => {
    const files = PAGES.flatMap(({ path, given }) =>
      blocksOf(path, 'ts').map((block, index) => {
        writeFileSync(fileOf(path, index), `${given}${block}\nexport {}\n`)
        return fileOf(path, index)
      }),
    )
    expect(files.length).toBeGreaterThanOrEqual(6)
    const config = join(place, 'tsconfig.json')
    const compilerOptions = {
      strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true,
      module: 'nodenext', target: 'es2023', types: ['node'], customConditions: ['source'],
    } // prettier-ignore
    writeFileSync(config, JSON.stringify({ compilerOptions, files }))
    const checked = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { cwd: root, encoding: 'utf8' })
    expect(checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  }, 60_000)

  it.each(['docs/guides/protect-an-express-app.md', 'docs/guides/protect-a-node-http-app.md'])(
    'of %s runs, and protects',
    async (path) => {
      const url = await runProgram(path)
      const home = await fetch(url)
      expect(await home.text()).toBe('Nobody is signed in')
      expect(home.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(home.headers.get('ratelimit-policy')).toBe('"anonymous";q=120;w=60')
      expect((await signIn(url, 'x', { origin: 'https://evil.example' })).status).toBe(403)

      const good = await signIn(url, 'correct horse battery staple')
      expect([good.status, good.headers.getSetCookie().length]).toEqual([303, 2])
      const cookie = good.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('Signed in as u1')

      for (let i = 0; i < 5; i++) expect((await signIn(url, 'wrong')).status).toBe(401)
      const locked = await signIn(url, 'correct horse battery staple')
      expect([locked.status, await locked.text()]).toEqual([401, 'The name or the password is wrong'])
    },
    60_000,
  )

  it('judges WebSocket handshakes as the guide says', async () => {
    const source = blocksOf('docs/guides/protect-a-node-http-app.md', 'ts')[1] ?? ''
    const port = await freePort()
    const file = join(place, 'upgrades.ts')
    writeFileSync(
      file,
      `${source}
import { createServer } from 'node:http'
import { createGuard } from '@parapet/guard'
const guard = createGuard({ clientAddress: 'direct', publicOrigins: ['http://localhost:${port}'], onDiagnostic: () => undefined })
const server = createServer((request, response) => {
  void guard.sessions.start('u1', {}, request).then((started) => {
    if (started.kind === 'started') response.setHeader('Set-Cookie', started.cookie)
    response.end()
  })
})
guardUpgrades(server, guard, (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n'))
server.listen(${port}, '127.0.0.1')
`,
    )
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', file], { cwd: root, stdio: 'ignore' })
    running.push(child)
    let cookie = ''
    await expect
      .poll(
        async () => {
          const answer = await fetch(`http://127.0.0.1:${port}`).catch(() => undefined)
          cookie = answer?.headers.getSetCookie()[0]?.split(';')[0] ?? ''
          return cookie
        },
        { timeout: 30_000, interval: 100 },
      )
      .toMatch(/^session=/)
    const shake = (headers: Readonly<Record<string, string>>): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1')
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        socket.on('error', reject)
        socket.on('close', () => resolve(text.slice(9, 12)))
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        socket.write(`GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join('')}\r\n`)
      })
    const origin = `http://localhost:${port}`
    expect(await shake({ origin, cookie })).toBe('101')
    expect(await shake({ origin })).toBe('401')
    expect(await shake({ origin: 'https://evil.example', cookie })).toBe('403')
    expect(await shake({ cookie })).toBe('403')
  }, 60_000)
})

describe('settings of nginx in the guides', () => {
  it('append to X-Forwarded-For and set nothing that the guard would believe wrongly', () => {
    for (const { path } of PAGES.slice(1)) {
      const [block = ''] = blocksOf(path, 'nginx')
      expect(block).toContain('proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;')
      expect(block).toContain('proxy_pass http://127.0.0.1:')
      expect(block).not.toMatch(/X-Real-IP|X-Forwarded-Proto|Forwarded for=/)
    }
  })
})
