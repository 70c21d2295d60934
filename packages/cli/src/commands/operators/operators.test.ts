import { readFileSync } from 'node:fs'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onTerminal, parapet, type Run, temporaryFolder } from '../../fixtures/run-parapet.js'
import { type RunningServer, startServer } from '../../fixtures/run-server.js'

const folder = temporaryFolder()
let env: Record<string, string> = {}
let server: RunningServer | undefined

const run = (...args: string[]): Promise<Run> => parapet(['operators', ...args], { env })
type Recovered = { readonly operator: object; readonly link: string; readonly ended: object }
const one = ({ stdout }: Run): Recovered => JSON.parse(stdout) as Recovered
const url = (): string => `http://localhost:${env['PARAPET_PORT']}`
const linkIn = ({ stdout }: Run): string => /https?:\/\/\S+\/reset#[\w-]{43}/.exec(stdout)?.[0] ?? ''
const finish = (link: string, password: string): Promise<Response> =>
  fetch(`${url()}/v1/reset`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ link, password }) })
const signIn = async (name: string, password: string): Promise<number> => {
  const body = JSON.stringify({ name, password })
  return (await fetch(`${url()}/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status
}
const FIRST = 'a phrase for the first'
const SECOND = 'a phrase for the second'

beforeAll(async () => {
  env = { PARAPET_DATA_DIR: `${folder.path}/data`, PARAPET_PORT: String(await freePort()) }
  server = await startServer(env)
}, 120_000)
afterAll(() => server?.stop(), 60_000)

describe('parapet operators', () => {
  it('says what comes next while there is nobody', async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('parapet init') as string })
    const recovered = await run('recover', '--yes')
    expect(recovered).toMatchObject({ code: 2, stdout: '' })
    expect(recovered.stderr).toContain('parapet init makes the first one')
  })

  it('adds a person with a link and no password on the command line', async () => {
    const added = await run('add', 'ann', '--role', 'admin')
    expect(added.code).toBe(0)
    expect(added.stdout).toMatch(/^reset {2}http:\/\/localhost:\d+\/reset#[\w-]{43}\n$/)
    expect((await finish(linkIn(added), FIRST)).status).toBe(200)
    expect(await signIn('ann', FIRST)).toBe(200)
    expect(one(await run('add', 'ben', '--json'))).toMatchObject({ operator: { name: 'ben' }, link: expect.any(String) as string })
    expect((await run('add', 'ANN')).stderr).toContain('PPT_CONFLICT')
    expect((await run('add', 'x', '--role', 'root')).code).toBe(2)
  })

  it('makes init say that setup is done, instead of a link that answers 409', async () => {
    const { code, stdout, stderr } = await parapet(['init'], { env })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`setup is done: sign in at ${url()}; `)
    expect(stderr).toContain('parapet operators recover')
  })

  it('lists them for people and for programs', async () => {
    const { stdout } = await run()
    expect(stdout).toContain('NAME  ROLE')
    expect(stdout).toMatch(/ann +admin +password only/)
    expect(stdout).toMatch(/ben +viewer +a one-time link +never/)
    const items = (await run('list', '--json')).stdout.trim().split('\n')
    expect(items.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(['ann', 'ben'])
  })

  it('changes a role, shows and ends sessions', async () => {
    expect(await run('role', 'BEN', 'admin')).toMatchObject({ code: 0, stdout: 'ben is admin now.\n' })
    expect((await run('role', 'ben', 'viewer')).code).toBe(0)
    expect((await run('role', 'ann', 'viewer')).stderr).toContain('last admin')
    expect((await run('sessions', 'ann')).stdout).toContain('127.0.0.1')
    expect((await run('sessions', 'ann', '--end')).stdout).toMatch(/^Ended \d sessions? of ann\.\n$/)
    expect((await run('sessions', 'ann')).stdout).toBe('ann is signed in nowhere.\n')
  })

  it('asks before what cannot be undone, and does nothing where nobody can answer', async () => {
    for (const args of [
      ['reset', 'ben'],
      ['remove', 'ben'],
      ['recover', 'ann'],
    ]) {
      const refused = await run(...args)
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toContain('--yes')
    }
    expect(await signIn('ann', FIRST)).toBe(200)
    expect((await run('list', '--json')).stdout).toContain('"ben"')
  })

  it('goes on when the name is typed, and not for any other text', async () => {
    const wrong = await onTerminal(['operators', 'remove', 'ben'], 100, { env, input: 'yes\n' })
    expect(wrong.stdout).toContain('that is not the name')
    const typed = await onTerminal(['operators', 'remove', 'ben'], 100, { env, input: 'ben\n' })
    expect(typed.stdout).toContain('ben is removed.')
    expect((await run('list', '--json')).stdout).not.toContain('"ben"')
  }, 60_000)

  it('names whom there is when somebody is not found, and repeats nothing that was typed', async () => {
    const { code, stderr } = await run('reset', 'hunter2-secret', '--yes')
    expect(code).toBe(2)
    expect(stderr).toContain('"ann"')
    expect(stderr).not.toContain('hunter2')
  })
})

describe('parapet operators recover', () => {
  it('beside a running server: ends the password at once, prints a link, and is recorded with who ran it', async () => {
    const { operator, link, ended } = one(await run('recover', '--yes', '--json'))
    expect(operator).toMatchObject({ name: 'ann' })
    expect(ended).toMatchObject({ factors: true, sessions: expect.any(Number) as number, tokens: 0 })
    expect(await signIn('ann', FIRST)).toBe(401)
    expect((await finish(link, SECOND)).status).toBe(200)
    expect((await finish(link, FIRST)).status).toBe(403)
    const token = readFileSync(`${folder.path}/data/local-token`, 'utf8').trim()
    const answer = await fetch(`${url()}/v1/audit?action=operator.recovered&limit=1`, { headers: { authorization: `Bearer ${token}` } })
    const { items } = (await answer.json()) as { items: unknown[] }
    expect(items[0]).toMatchObject({
      actor: { kind: 'system', id: 'parapet-operators', name: expect.stringMatching(/./) as string },
      outcome: 'success',
      detail: { name: 'ann', factors: true, sessions: true, tokens: true },
    })
    expect(JSON.stringify(items)).not.toContain(new URL(link).hash.slice(1))
  })

  it('with no server running, and what was chosen stays', async () => {
    await server?.stop()
    const recovered = one(await run('recover', 'ann', '--keep-factors', '--keep-sessions', '--keep-tokens', '--yes', '--json'))
    expect(recovered.ended).toEqual({ sessions: 0, tokens: 0, factors: false })
    server = await startServer(env)
    expect(await signIn('ann', SECOND)).toBe(401)
    expect((await finish(recovered.link, FIRST)).status).toBe(200)
    expect(await signIn('ann', FIRST)).toBe(200)
  }, 120_000)

  it('makes nothing where no control plane has been started', async () => {
    const { code, stderr } = await parapet(['operators', 'recover', '--yes'], { env: { PARAPET_DATA_DIR: `${folder.path}/empty` } })
    expect(code).toBe(3)
    expect(stderr).toContain('PPT_KEYS_MISSING')
  })

  it('has help that says when, how and what it ends', async () => {
    const { stdout } = await run('recover', '--help')
    for (const word of ['--keep-factors', '--keep-sessions', '--yes', 'with or without a running server', 'Exit codes'])
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(word)
  })
})
