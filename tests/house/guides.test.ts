import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAsPrinted, readBlocks, runBlock, typeCheck, writePrograms } from './guide-programs.js'
import { root } from './imports.js'

const FRAMEWORKS = ['an-express', 'a-node-http', 'a-fastify', 'a-hono', 'a-koa'].map((name) => `docs/guides/protect-${name}-app.md`)
/** The pages whose code is checked; what a block leaves to the reader is declared for it. */
const PAGES = [
  {
    path: 'README.md',
    given: 'declare const users: { verify: (name: string, password: string) => Promise<{ id: string } | undefined> }\n',
  },
  ...FRAMEWORKS.map((path) => ({ path, given: '' })),
  { path: 'docs/guides/protect-a-next-app.md', given: '' },
  { path: 'docs/guides/protect-a-django-app.md', given: '' },
] as const

const blocksOf = (path: string, language: string): readonly string[] =>
  readBlocks(path)
    .filter((block) => block.language === language)
    .map(({ code }) => code)

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

const folderOf = (path: string): string => join(place, path.replaceAll(/\W/g, '-'))

/** Runs the first block of a page, which is a whole program. */
const runProgram = async (path: string): Promise<string> => {
  const port = await freePort()
  const [file = ''] = writePrograms(folderOf(path), readBlocks(path))
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

const here = needs('curl', 'oathtool')

describe('code in the README and the guides', () => {
  it('type-checks as strictly as our own, against what the packages export', () => {
    const files = PAGES.flatMap(({ path, given }) => {
      const blocks = readBlocks(path).map((block) => Object.assign({}, block, { code: `${given}${block.code}` }))
      return writePrograms(folderOf(path), blocks)
    })
    expect(files.length).toBeGreaterThanOrEqual(2 * FRAMEWORKS.length)
    const more = {
      jsx: 'react-jsx',
      allowImportingTsExtensions: true,
      // Next's compiler finds it without an ending
      paths: { 'next/headers': [join(root, 'node_modules/next/headers.d.ts')] },
    }
    expect(typeCheck(place, files, more)).toBe('')
  }, 120_000)

  it('names pages that exist', () => {
    for (const { path } of PAGES)
      for (const [, target = ''] of readFileSync(join(root, path), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g))
        expect(existsSync(join(root, path, '..', target)), `${path}: ${target}`).toBe(true)
  })

  it.each(FRAMEWORKS)(
    'of %s runs, and protects',
    async (path) => {
      const url = await runProgram(path)
      const signIn = (password: string, headers: Record<string, string> = {}): Promise<Response> =>
        fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ username: 'anna', password }), redirect: 'manual', headers })
      const home = await fetch(url)
      const html = await home.text()
      expect(html).toContain('Nobody is signed in')
      const nonce = /<script nonce="([^"]+)">/.exec(html)?.[1] ?? 'none'
      expect(home.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`)
      expect(home.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(home.headers.get('ratelimit-policy')).toBe('"anonymous";q=120;w=60')
      expect((await signIn('x', { origin: 'https://evil.example' })).status).toBe(403)

      const good = await signIn('correct horse battery staple')
      expect([good.status, good.headers.getSetCookie().length]).toEqual([303, 2])
      const cookie = good.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      expect(await (await fetch(url, { headers: { cookie } })).text()).toContain('Signed in as u1')

      for (let i = 0; i < 5; i++) expect((await signIn('wrong')).status).toBe(401)
      const locked = await signIn('correct horse battery staple')
      expect([locked.status, await locked.text()]).toEqual([401, 'The name or the password is wrong'])
    },
    60_000,
  )

  it.skipIf(!here.ok).each(FRAMEWORKS)(
    `of %s answers curl as its page says: other sites, errors, second factor, lock${here.note}`,
    async (path) => {
      const url = await runProgram(path)
      const blocks = readBlocks(path).filter(({ language, prints }) => language === 'sh' && prints !== undefined)
      expect(blocks.length).toBe(3)
      for (const block of blocks) {
        const printed = await runBlock(folderOf(path), { ...block, code: block.code.replaceAll('http://localhost:3000', url) }, {})
        const said = printed.replaceAll(url, 'http://localhost:3000')
        expect(isAsPrinted(said, block.prints ?? '') ? block.prints : said, path).toBe(block.prints)
      }
    },
    60_000,
  )

  it('judges WebSocket handshakes as the guide says', async () => {
    const source = blocksOf('docs/guides/protect-a-node-http-app.md', 'ts').find((code) => code.includes('guardUpgrades')) ?? ''
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
    // a handshake from another browser than the one that signed in would end the session
    const BROWSER = { 'User-Agent': 'a browser', 'Accept-Language': 'en' }
    let cookie = ''
    await expect
      .poll(
        async () => {
          const answer = await fetch(`http://127.0.0.1:${port}`, { headers: BROWSER }).catch(() => undefined)
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
        const lines = Object.entries({ ...BROWSER, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
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
    for (const path of FRAMEWORKS) {
      const [block = ''] = blocksOf(path, 'nginx')
      expect(block).toContain('proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;')
      expect(block).toContain('proxy_pass http://127.0.0.1:')
      expect(block).not.toMatch(/X-Real-IP|X-Forwarded-Proto|Forwarded for=/)
    }
  })
})
