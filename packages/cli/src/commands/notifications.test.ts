import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync, mkdirSync } from 'node:fs'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parapet, type Run, temporaryFolder } from '../fixtures/run-parapet.js'
import { type RunningServer, startServer } from '../fixtures/run-server.js'

const folder = temporaryFolder()
let env: Record<string, string> = {}
let server: RunningServer | undefined
let hook: Server
let status = 200
const bodies: string[] = []

const url = (): string => `http://localhost:${env['PARAPET_PORT']}`
const run = (...args: string[]): Promise<Run> => parapet(['notifications', ...args], { env })

beforeAll(async () => {
  hook = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(status).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => hook.once('listening', resolve))
  env = { PARAPET_DATA_DIR: `${folder.path}/data`, PARAPET_PORT: String(await freePort()) }
  mkdirSync(`${folder.path}/data`, { mode: 0o700 })
  writeFileSync(`${folder.path}/data/parapet.yml`, 'notifications:\n  allowPrivate: [127.0.0.0/8]\n')
  server = await startServer(env)
}, 120_000)
afterAll(async () => {
  await server?.stop()
  hook.close()
}, 60_000)

describe('parapet notifications', () => {
  it('says that nobody was told anything, and that there is no channel', async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: 'Nobody was told anything yet.\n' })
    expect((await run('test', 'On call')).stderr).toContain('there is no channel yet')
  })

  it('lists, tests and acknowledges', async () => {
    // the local token, as the command itself finds it
    const { readFileSync } = await import('node:fs')
    const token = readFileSync(`${folder.path}/data/local-token`, 'utf8').trim()
    const call = (method: string, path: string, body: object): Promise<Response> =>
      fetch(`${url()}/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    const made = await call('POST', 'notifications/channels', {
      kind: 'webhook',
      name: 'On call',
      settings: { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/x` },
      secrets: { secret },
    })
    expect(made.status).toBe(201)
    expect(await run('test', 'On call')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sent to 127\.0\.0\.1:\d+: taken with 200 \(\d+ ms\)\n$/) as string,
    })
    expect(bodies).toHaveLength(1)
    status = 403
    const refused = await run('test', 'On call', '--json')
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, detail: expect.stringContaining('403') as string })
    expect((await run('test', 'Nobody')).stderr).toContain('channels are: On call')

    // adding an operator by the command is told to him and to the team
    await parapet(['operators', 'add', 'ann', '--role', 'admin'], { env })
    await call('POST', `operators/${JSON.parse((await parapet(['operators', 'list', '--json'], { env })).stdout).id as string}/reset`, {})
    let listed = await run('--json')
    for (let tries = 0; listed.stdout === '' && tries < 20; tries++) listed = await run('--json')
    const [first] = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; state: string; kind: string })
    expect(first).toMatchObject({ kind: 'operator' })
    expect((await run('list')).stdout).toMatch(/^at \(UTC\) +level +what +state +id/)
    const seen = await run('ack', first?.id ?? '')
    expect(seen).toMatchObject({ code: 0, stdout: expect.stringContaining('acknowledged by command on this machine') as string })
    expect((await run('list', '--state', 'acknowledged', '--json')).stdout).toContain(first?.id)
    expect((await run('ack', 'nothing')).stderr).toContain('PPT_NOT_FOUND')
  }, 120_000)
})
