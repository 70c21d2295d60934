import { readFileSync, statSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { spawn } from 'node:child_process'
import { assessmentLine } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { cleanEnv, onTerminal, parapet, parapetBin, temporaryFolder } from '../../fixtures/run-parapet.js'

const folder = temporaryFolder()
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

const serve = async (handler: RequestListener): Promise<string> => {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A shop that lists its folder of uploads, whose name is hostile to terminals. */
const leaky = (): Promise<string> =>
  serve((request, response) => {
    response.setHeader('content-type', 'text/html')
    if (request.url === '/') return void response.end('<title>Shop</title><a href="/uploads/a.txt">a</a>')
    if (request.url === '/uploads/')
      return void response.end(
        '<html><head><title>Index of /uploads/</title></head><body><h1>Index of /uploads/</h1><hr><pre><a href="../">../</a>\n<a href="a.txt">a\u001b[31m.txt</a> 01-Jan-2026 10:00 5\n</pre><hr></body></html>',
      )
    return void response.writeHead(404).end('<title>missing</title>')
  })
const quiet = (): Promise<string> =>
  serve(
    (request, response) =>
      void response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end('<title>Shop</title>'),
  )

const LISTING = ['--only', 'directory-listing']

describe('parapet attack', () => {
  it('finds what is there, says where and what to do, and exits with 1', async () => {
    const { code, stdout } = await parapet(['attack', await leaky(), ...LISTING])
    expect(code).toBe(1)
    expect(stdout).toMatch(/(?:MEDIUM|HIGH|LOW)/)
    expect(stdout).toContain('ACC-005 · directory-listing')
    expect(stdout).toContain('/uploads/')
    expect(stdout).toMatch(/^ {4}fix {2}\S/m)
    expect(stdout).toMatch(/1 finding/)
    expect(stdout).not.toContain('\u001b[31m.txt')
  })

  it('exits with 0 when nothing is there, and below the level that counts', async () => {
    expect((await parapet(['attack', await quiet(), ...LISTING])).code).toBe(0)
    expect((await parapet(['attack', await leaky(), ...LISTING, '--fail-on', 'critical'])).code).toBe(0)
  })

  it('exits with 3 when the target is not there, and says so instead of finding nothing', async () => {
    const { code, stdout } = await parapet(['attack', 'http://127.0.0.1:1', ...LISTING])
    expect(code).toBe(3)
    expect(stdout).toContain('could not be judged')
    expect(stdout).not.toContain('Nothing found')
  })

  it('exits with 4 when a probe can make no statement', async () => {
    let count = 0
    // well to the health checks, limited to the probe
    const url = await serve((request, response) => {
      const well = request.url === '/' && count++ < 500
      response.writeHead(well ? 200 : 429, { 'content-type': 'text/html' }).end('<title>Shop</title>')
    })
    const { code, stdout } = await parapet(['attack', url, ...LISTING])
    expect([code, stdout.includes('No statement')]).toEqual([4, true])
  })

  it.each([
    [['attack'], 'PPT_USAGE', 'the URL is missing'],
    [['attack', 'ftp://localhost'], 'PPT_USAGE', 'http://'],
    [['attack', 'http://localhost', '--only', 'no-such-probe'], 'PPT_USAGE', '--list'],
    [['attack', 'http://localhost', '--family', 'no-such'], 'PPT_USAGE', 'there are address'],
    [['attack', 'http://localhost', '--rate', '0'], 'PPT_USAGE', 'whole number'],
    [['attack', 'http://localhost', '--target', '/nowhere/attack.yml'], 'PPT_FILE_UNREADABLE', 'ENOENT'],
    [['attack', 'http://8.8.8.8'], 'PPT_ATTACK_CONSENT', 'no token was given'],
  ])('exits with 2 for %j', async (args, code, says) => {
    const run = await parapet(args)
    expect(run.code).toBe(2)
    expect(run.stderr).toContain(code)
    expect(run.stderr).toContain(says)
    expect(run.stderr).toMatch(/^fix {2}\S/m)
  })

  it('refuses a target file with the place in it', async () => {
    const file = folder.write('bad.yml', 'signIn:\n  request: { path: sign-in }\n  proof: /me\n')
    const { code, stderr } = await parapet(['attack', await quiet(), '--target', file])
    expect(code).toBe(2)
    expect(stderr).toContain('bad.yml: signIn.request.path: is "sign-in"; give an absolute path')
  })

  it('writes the whole report as JSON: to standard output, or to a file that only its owner may read', async () => {
    const url = await leaky()
    const printed = await parapet(['attack', '--json', url, ...LISTING])
    expect(JSON.parse(printed.stdout)).toMatchObject({ version: 1, target: url, total_findings: 1, findings: [{ id: 'ACC-005' }] })
    const [json, page, sarif] = ['report.json', 'report.html', 'report.sarif'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ]
    const written = await parapet(['attack', url, ...LISTING, '--json', json, '--html', page, '--sarif', sarif])
    expect(written.code).toBe(1)
    expect(written.stdout).toContain('directory-listing')
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ total_findings: 1 })
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/)
    expect(JSON.parse(readFileSync(sarif, 'utf8'))).toMatchObject({ version: '2.1.0' })
    for (const file of [json, page, sarif]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('lists its probes with what they need, as a table and as JSON, without sending anything', async () => {
    const table = await parapet(['attack', '--list', '--family', 'access'])
    expect(table.stdout).toMatch(/^ {2}directory-listing +ACC-005/m)
    expect(table.stdout).not.toContain('fast-guessing')
    const lines = (await parapet(['attack', '--list', '--json'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { probe: string })
    expect(lines.length).toBeGreaterThan(20)
    expect(new Set(lines.map(({ probe }) => probe)).size).toBe(lines.length)
  })

  it('makes a token, and the text by which a host agrees to who has it', async () => {
    const { token, line, until } = JSON.parse((await parapet(['attack', '--make-token', '--json'])).stdout) as Record<
      'token' | 'line' | 'until',
      string
    >
    expect(line).toBe(assessmentLine(token, Date.parse(until)))
    expect(line).not.toContain(token)
    const shown = (await parapet(['attack', '--make-token'])).stdout
    expect(shown).toMatch(/PARAPET_ASSESSMENT_TOKEN=[\w-]{43}\n/)
    expect(shown).toContain('/.well-known/parapet-assessment')
  })

  it('ends at the first Ctrl-C with what it knows by then', async () => {
    const url = await serve((request, response) => {
      const end = (): unknown =>
        response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end('<title>Shop</title>')
      if (request.url === '/') end()
      else setTimeout(end, 300)
    })
    const child = spawn(process.execPath, [parapetBin, 'attack', url, '--only', 'directory-listing,dotfiles'], {
      env: cleanEnv(),
      stdio: 'pipe',
    })
    let stdout = ''
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    setTimeout(() => child.kill('SIGINT'), 1_800)
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(stdout).toContain('ended before')
    expect(code).toBe(4)
  })

  it('fits a terminal, and shows how far it is there', async () => {
    const { stdout } = await onTerminal(['attack', await leaky(), ...LISTING, '--insecure'], 60)
    expect(stdout).toContain('probes')
    const lines = stripVTControlCharacters(stdout)
      .split(/\r?\n/)
      .map((line) => line.split('\r').at(-1) ?? '')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
  })
})
