import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { djangoPython, findProgram, freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Program, startProgram } from '../e2e/support/processes.js'
import { isAsPrinted, readBlocks, runBlock, writePrograms } from './guide-programs.js'
import { root } from './imports.js'

const PAGE = 'docs/guides/protect-a-django-app.md'
const blocks = readBlocks(PAGE)
const codeOf = (language: string, start = ''): string =>
  blocks.find((block) => block.language === language && block.code.startsWith(start))?.code ?? ''
const here = needs('nginx', 'python3', 'curl')
const { ok: hasDjango, note: noDjango } = needs('django')

/** Stands in for Django: answers what it was told, and uses the page's own Python for sign-ins. */
const STUB = `
import json, logging, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
sys.path.insert(0, sys.argv[2])
import shop.parapet as parapet
parapet.URL = sys.argv[3]
log = logging.getLogger('django.security.DisallowedHost')
log.addHandler(parapet.ParapetHandler())

class Django(BaseHTTPRequestHandler):
    def answer(self):
        self.META = {'HTTP_X_FORWARDED_FOR': self.headers.get('X-Forwarded-For')}
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
        if self.path == '/accounts/login/':
            parapet.tell('failure', 'bad_password', body.split('=')[-1], parapet.client(self))
        if self.path == '/odd-host/':
            log.warning('Invalid HTTP_HOST header', extra={'request': self})
        self.send_response(403 if self.path == '/forbidden/' else 200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(self.headers), indent=0).encode())
    do_GET = do_POST = answer
    def log_message(self, *args):
        pass

HTTPServer(('127.0.0.1', int(sys.argv[1])), Django).serve_forever()
`

describe.skipIf(!here.ok)(`the guide for Django${here.note}`, () => {
  let folder = ''
  let place = ''
  let url = ''
  let guard: Program
  const programs: Program[] = []

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-django-')))
    mkdirSync(join(root, '.cache'), { recursive: true })
    place = mkdtempSync(join(root, '.cache/django-guide-'))
    const [file = ''] = writePrograms(place, blocks)
    const [front, ask, django] = [await freePort(), await freePort(), await freePort()]
    url = `http://localhost:${front}`
    mkdirSync(join(folder, 'shop'))
    writeFileSync(join(folder, 'shop/parapet.py'), codeOf('py', '# shop/parapet.py'))
    writeFileSync(join(folder, 'stub.py'), STUB)
    const config = codeOf('nginx').replaceAll('127.0.0.1:4000', `127.0.0.1:${ask}`).replaceAll('127.0.0.1:8000', `127.0.0.1:${django}`)
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off;\n${process.getuid?.() === 0 ? 'user root;\n' : ''}pid ${folder}/nginx.pid;\nerror_log ${folder}/error.log warn;\nevents {}\n` +
        `http { access_log off; ${paths}\nserver { listen 127.0.0.1:${front};\n${config}\n} }\n`,
    )
    guard = startProgram(process.execPath, ['--conditions=source', '--import', 'tsx', file], {
      cwd: root,
      env: { PORT: String(ask), PUBLIC_ORIGIN: url, GUARD_SECRET: 'a-secret-for-this-test-0123456789abcdef' },
    })
    programs.push(
      guard,
      startProgram('python3', ['-u', join(folder, 'stub.py'), String(django), folder, `http://127.0.0.1:${ask}/events`]),
      startProgram(findProgram('nginx') ?? 'nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')]),
    )
    await eventually(async () => ((await fetch(url).catch(() => undefined))?.status === 200 ? true : undefined), 'nginx, the guard and the stand-in are up', 40_000, 100) // prettier-ignore
  }, 60_000)
  afterAll(async () => {
    for (const program of programs) await program.stop()
    for (const one of [folder, place]) rmSync(one, { recursive: true, force: true })
  }, 30_000)

  it('has Python that compiles', () => {
    for (const block of blocks.filter(({ language }) => language === 'py')) {
      writeFileSync(join(folder, 'one.py'), block.code)
      const compiled = spawnSync('python3', ['-m', 'py_compile', join(folder, 'one.py')], { encoding: 'utf8' })
      expect([compiled.status, compiled.stderr]).toEqual([0, ''])
    }
    expect(codeOf('py', '# settings.py')).toContain("SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')")
  })

  it.skipIf(!hasDjango)(`has settings by names that Django has${noDjango}`, () => {
    const script = 'from django.conf import global_settings as known; print(dir(known))'
    const known = spawnSync(djangoPython, ['-c', script], { encoding: 'utf8' }).stdout
    const names = [...codeOf('py', '# settings.py').matchAll(/^([A-Z_]+) = /gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !known.includes(`'${name}'`))).toEqual([])
  })

  it('lets a request through with what Django may believe, whatever the client wrote', async () => {
    const answer = await fetch(url, {
      headers: { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'mine', 'x-nonce': 'mine', 'x-forwarded-proto': 'https' },
    })
    const seen = JSON.parse(await answer.text()) as Readonly<Record<string, string>>
    expect(answer.headers.get('content-security-policy')).toContain(`'nonce-${seen['X-Nonce'] ?? 'none'}'`)
    expect(seen['X-Request-Id']).toMatch(/^[0-9a-f-]{36}$/)
    // this process is at the address of the trusted proxy; one that is not names nobody but himself
    expect([seen['X-Forwarded-For'], seen['X-Forwarded-Proto']]).toEqual(['203.0.113.9', 'http'])
    const forged = spawnSync('curl', [
      '-s',
      '--interface',
      '127.0.0.2',
      '-H',
      'X-Forwarded-For: 203.0.113.9',
      url.replace('localhost', '127.0.0.1'),
    ])
    expect(JSON.parse(forged.stdout.toString())).toMatchObject({ 'X-Forwarded-For': '127.0.0.2' })
  })

  it('refuses and limits as the page says, before Django sees anything', async () => {
    const block = blocks.find(({ language, prints }) => language === 'sh' && prints !== undefined)
    const printed = await runBlock(folder, { ...block, code: (block?.code ?? '').replaceAll('http://localhost:8080', url) } as never, {})
    expect(isAsPrinted(printed, block?.prints ?? '') ? block?.prints : printed).toBe(block?.prints)
    const limited = await fetch(`${url}/accounts/password_reset/`, { method: 'POST', body: 'a=b' })
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    const refused = await fetch(`${url}/accounts/login/`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: 'username=planted',
    })
    expect([refused.status, refused.headers.get('x-request-id')?.length]).toEqual([403, 36])
    expect(guard.output()).not.toContain('planted')
  })

  it("passes Django's own 403 on, and cannot be asked by name", async () => {
    expect((await fetch(`${url}/forbidden/`)).status).toBe(403)
    expect(await (await fetch(`${url}/forbidden/`)).text()).toContain('X-Nonce')
    expect((await fetch(`${url}/_parapet`)).status).toBe(404)
  })

  it('hears of failed sign-ins and of what Django logs about security', async () => {
    await fetch(`${url}/accounts/login/`, { method: 'POST', headers: { 'x-forwarded-for': '198.51.100.7' }, body: 'username=anna' })
    await fetch(`${url}/odd-host/`, { headers: { 'x-forwarded-for': '198.51.100.8' } })
    const eventOf = (mark: string): Promise<Record<string, unknown>> =>
      eventually(() => {
        const line = guard.output().split('\n').find((one) => one.startsWith('{') && one.includes(mark)) // prettier-ignore
        return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>)
      }, mark)
    expect(await eventOf('"user.name":"anna"')).toMatchObject({
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.reason': 'bad_password',
      'source.ip': '198.51.100.7',
    })
    expect(await eventOf('DisallowedHost')).toMatchObject({ 'event.outcome': 'failure', 'source.ip': '198.51.100.8' })
  })

  it('answers 500 when the program is down: nothing passes unjudged', async () => {
    await guard.stop()
    expect((await fetch(url)).status).toBe(500)
  })
})
