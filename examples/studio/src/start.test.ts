import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'studio-start-')))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

/** The program as people start it. */
const start = (env: Record<string, string>) => {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', 'src/main.ts'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const says = async (text: string): Promise<string> => {
    for (let waited = 0; waited < 60_000; waited += 50) {
      if (said.includes(text)) return said
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`it never said "${text}": ${said}`)
  }
  return { child, ended, says, said: () => said }
}

describe('the program', { timeout: 180_000 }, () => {
  it('starts with nothing, makes keys and sample people, shows mails, ends on Ctrl-C, and finds its data again', async () => {
    const port = String(await freePort())
    const first = start({ PORT: port, STUDIO_DATA_DIR: dataDir, SAMPLES: 'attack' })
    const said = await first.says(`Studio listens on http://localhost:${port}`)
    expect(said).toContain('keys were made there just now')
    expect(said).toMatch(/anna@studio\.example +\S.* admin/)
    for (const name of ['studio-secret', 'studio-kek', 'attack.yml'])
      expect([name, statSync(join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600])
    expect(readFileSync(join(dataDir, 'attack.yml'), 'utf8')).not.toMatch(/[A-Z]+_(?:ID|LINK|COOKIE)/)
    const origin = `http://localhost:${port}`
    const answer = await fetch(`${origin}/reset`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'carla@studio.example' }),
      headers: { origin },
    })
    expect(answer.status).toBe(200)
    expect(await first.says('/reset/new?token=')).toContain('mail to carla@studio.example')
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(0)
    expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)

    const second = start({ PORT: port, STUDIO_DATA_DIR: dataDir, SAMPLES: 'none' })
    expect(await second.says('Studio listens on')).not.toContain('keys were made')
    const body = new URLSearchParams({ email: 'spare-1@studio.example', password: 'a long sentence for spare-1 only' })
    const signedIn = await fetch(`${origin}/sign-in`, { method: 'POST', body, headers: { origin }, redirect: 'manual' })
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/'])
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  it.each([
    [{ PUBLIC_ORIGIN: 'https://studio.example' }, 'is missing: give'],
    [{ PORT: 'x', STUDIO_DATA_DIR: dataDir }, 'PORT is "x": give a number'],
  ])('refuses to start with %j, with one line that says what to do', async (env, expected) => {
    const refused = start(env)
    expect(await refused.ended).toBe(1)
    expect(refused.said()).toContain(expected)
    expect(
      refused
        .said()
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('    at ')),
    ).toEqual([])
  })
})
