import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { createOutbound } from '../../http/outbound/index.js'
import { sendOverHttp } from './channels/http.js'
import { webhook } from './channels/webhook.js'
import { messageOf } from './fixtures/message.js'
import { signWebhook } from './standard-webhooks.js'

const page = readFileSync(new URL('../../../../../docs/guides/notify-by-webhook.md', import.meta.url), 'utf8')
const blockOf = (language: string): string => page.split(`\`\`\`${language}\n`)[1]?.split('\n```')[0] ?? ''
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const NEW = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
const folder = mkdtempSync(join(tmpdir(), 'parapet-guide-'))
const running: ChildProcess[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
const outbound = createOutbound({ allowPrivate: ['127.0.0.0/8'] })

const programs = [
  { name: 'Node', file: 'receiver.ts', language: 'ts', command: [process.execPath, '--import', import.meta.resolve('tsx')] },
  { name: 'Python', file: 'receiver.py', language: 'python', command: ['python3'] },
] as const

describe.each(programs)('the receiver of the guide in $name', ({ file, language, command }) => {
  it('takes what is signed, by the old secret too, once, and refuses what is not', async () => {
    const [program = '', ...args] = command
    const path = join(folder, file)
    writeFileSync(path, blockOf(language))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const port = await freePort()
    const child = spawn(program, [...args, path], {
      env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: SECRET },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.push(child)
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    const url = `http://127.0.0.1:${port}/`
    const send = (settings: { secret: string; previous?: string }, now = Date.now()) =>
      sendOverHttp(outbound, webhook, messageOf(), { url, ...settings }, now)
    await expect.poll(async () => (await send({ secret: SECRET })).ok, { timeout: 20_000, interval: 100 }).toBe(true)
    // a try again, and the day on which the secret changes
    expect(await send({ secret: SECRET })).toMatchObject({ ok: true })
    expect(await send({ secret: NEW, previous: SECRET })).toMatchObject({ ok: true })
    expect(printed).toBe('notification.alert "Brute force"\n')
    expect(await send({ secret: NEW })).toMatchObject({ ok: false, detail: expect.stringContaining('401') })
    expect(await send({ secret: SECRET }, Date.now() - 400_000)).toMatchObject({ ok: false })
    const headers = signWebhook({ id: 'other', at: Date.now(), body: '{"type":"x"}', secrets: [SECRET] })
    expect(await outbound.send({ method: 'POST', url, headers, body: '{"type":"y"}' })).toMatchObject({ status: 401 })
    expect(await outbound.send({ method: 'POST', url, body: '{}' })).toMatchObject({ status: 401 })
    expect(printed).toBe('notification.alert "Brute force"\n')
  }, 60_000)
})

it('the line of the guide that makes a secret makes one that is taken', () => {
  const line = blockOf('sh').trim()
  const secret = execFileSync('bash', ['-c', line], { encoding: 'utf8' }).trim()
  expect(() => signWebhook({ id: 'a', at: 0, body: '', secrets: [secret] })).not.toThrow()
})

it('the message that the guide shows is what is sent', () => {
  const { body = '' } = webhook.render(messageOf(), { url: 'https://x.example/', secret: SECRET }, 0)
  expect(JSON.parse(blockOf('json'))).toEqual(JSON.parse(body))
})
