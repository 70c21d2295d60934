import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestServer } from '../../fixtures/serve.js'
import type { Target } from '../../target/target.js'
import { banner } from '../exposure/banner.js'
import { brief, runProbe } from '../seen/fixtures/run-probe.js'
import { directoryListing } from './directory-listing.js'
import { dotfiles } from './dotfiles.js'
import { pathTraversal } from './path-traversal.js'

const TARGET: Target = { pages: { assets: ['/files/app.js'] } }
let folder = ''
const running: ChildProcess[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'served-'))
  for (const name of ['files', '.git', 'logs']) mkdirSync(join(folder, 'site', name), { recursive: true })
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'site', name), text)
  write('index.html', '<title>Site</title><script src="/files/app.js"></script>')
  write('files/app.js', 'document.title += "."')
  write('files/app.js.bak', 'document.title += "."')
  write('.git/HEAD', 'ref: refs/heads/main\n')
  write('.env', 'DATABASE_URL=postgres://app:pass@db/app\n')
  write('dump.sql', '--\n-- PostgreSQL database dump\n--\nSET statement_timeout = 0;\nCREATE TABLE people (id int);\n')
  write('package.json', '{ "name": "site", "version": "1.0.0", "dependencies": {} }')
})
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Waits until the program answers; `close` leaves it running for the next probe. */
const started = async (command: string, args: readonly string[], port: number): Promise<() => TestServer> => {
  running.push(spawn(command, [...args], { stdio: 'ignore', cwd: join(folder, 'site') }))
  const origin = `http://127.0.0.1:${port}`
  for (let i = 0; i < 200; i++) {
    const up = await fetch(origin).then(
      () => true,
      () => false,
    )
    if (up) return () => ({ origin, port, close: async () => undefined })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${command} did not start`)
}

const nginx = async (name: string, locations: string, root = 'site'): Promise<() => TestServer> => {
  const port = await freePort()
  const config = join(folder, `${name}.conf`)
  writeFileSync(
    config,
    `daemon off; pid ${folder}/${name}.pid; error_log /dev/null; worker_processes 1; events {}
http { access_log off; client_body_temp_path ${folder}/${name}-b; proxy_temp_path ${folder}/${name}-p; fastcgi_temp_path ${folder}/${name}-f;
uwsgi_temp_path ${folder}/${name}-u; scgi_temp_path ${folder}/${name}-s; types { text/html html; text/javascript js; } default_type application/octet-stream;
server { listen 127.0.0.1:${port}; root ${folder}/${root}; ${locations} } }`,
  )
  return started(
    findProgram('nginx') ?? 'nginx',
    ['-p', folder, '-c', config, '-e', '/dev/null', '-g', process.getuid?.() === 0 ? 'user root;' : ''],
    port,
  )
}

const withNginx = needs('nginx')
describe.skipIf(!withNginx.ok)(`nginx${withNginx.note}`, () => {
  it('that lists folders, serves hidden files and forgot a slash is found by three probes, and its version by a fourth', async () => {
    const open = await nginx('open', `autoindex on; location /files { alias ${folder}/site/files/; }`)
    const listing = await runProbe(directoryListing, TARGET, open())
    expect(brief(listing)).toEqual(['fail /files/', 'fail /logs/'])
    expect(listing[0]).toMatchObject({ says: '/files/ lists its files for anybody (nginx)' })
    expect(brief(await runProbe(dotfiles, TARGET, open()))).toEqual([
      'fail /.env',
      'fail /.git/HEAD',
      'fail /package.json',
      'fail /dump.sql',
      'fail /files/app.js.bak',
    ])
    expect(brief(await runProbe(banner, TARGET, open()))).toEqual(['fail server'])
  }, 60_000)

  it('that forgot a slash behind a location with an alias is found', async () => {
    const open = await nginx('alias', `location = / { return 200 "home"; } location /files { alias ${folder}/site/files/; }`, 'none')
    const verdicts = await runProbe(pathTraversal, TARGET, open())
    expect(brief(verdicts)).toEqual(['pass /', 'fail /files/'])
    expect(verdicts[1]).toMatchObject({ says: 'Below /files/ a path that climbs (a missing slash) reads the package.json of the program' })
  }, 60_000)

  it('that is set up well passes all four', async () => {
    const sound = await nginx(
      'sound',
      `server_tokens off; location ~ /\\. { deny all; } location ~ \\.(?:sql|bak|json)$ { return 404; } location /files/ { alias ${folder}/site/files/; }`,
    )
    expect(brief(await runProbe(directoryListing, TARGET, sound()))).toEqual(['pass /'])
    expect(brief(await runProbe(dotfiles, TARGET, sound()))).toEqual(['pass /'])
    expect(brief(await runProbe(pathTraversal, TARGET, sound()))).toEqual(['pass /', 'pass /files/'])
    expect(brief(await runProbe(banner, TARGET, sound()))).toEqual(['pass /'])
  }, 60_000)
})

const withPython = needs('python3')
describe.skipIf(!withPython.ok)(`Python’s http.server${withPython.note}`, () => {
  it('lists every folder and hands out what lies there', async () => {
    const port = await freePort()
    const python = await started(findProgram('python3') ?? 'python3', ['-m', 'http.server', String(port), '--bind', '127.0.0.1'], port)
    const listing = await runProbe(directoryListing, TARGET, python())
    expect(brief(listing)).toEqual(['fail /files/', 'fail /logs/'])
    expect(listing[0]).toMatchObject({ says: expect.stringContaining('Python http.server') })
    expect(brief(await runProbe(dotfiles, TARGET, python()))).toContain('fail /.git/HEAD')
    expect(brief(await runProbe(pathTraversal, TARGET, python()))).toEqual(['pass /', 'pass /files/'])
  }, 60_000)
})
