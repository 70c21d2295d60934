import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parapet, type Run, temporaryFolder } from '../fixtures/run-parapet.js'
import { type RunningServer, startServer } from '../fixtures/run-server.js'

const folder = temporaryFolder()
let env: Record<string, string> = {}
let server: RunningServer | undefined
const run = (...args: string[]): Promise<Run> => parapet(['incident', ...args], { env })

beforeAll(async () => {
  env = { PARAPET_DATA_DIR: `${folder.path}/data`, PARAPET_PORT: String(await freePort()) }
  server = await startServer(env, 'setup')
}, 120_000)
afterAll(() => server?.stop(), 60_000)

describe('parapet incident', () => {
  it('says that nothing is open, and that there is no such one', async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: 'No incident is open.\n' })
    const missing = await run('show', '7')
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(missing.stderr).toContain('PPT_NOT_FOUND')
  }, 60_000)

  it('opens one, writes into it, says where it stands, and shows all of that in order', async () => {
    const opened = await run('open', 'Somebody exports customers', '--severity', 'critical', '--user', 'ann', '--address', '203.0.113.7')
    expect(opened.code).toBe(0)
    expect(opened.stdout).toMatch(
      /^INC-1 {2}Somebody exports customers\ncritical, open, opened .* nobody’s\nusers: ann\naddresses: 203\.0\.113\.7\n/,
    )
    expect((await run('note', '1', 'It was \u001b[31mnot him.')).code).toBe(0)
    const contained = await run('status', 'INC-1', 'contained', '--text', 'Suspended.')
    expect(contained.stdout).not.toContain('\u001b')
    const lines = contained.stdout.split('\n').map((line) => line.trim())
    expect(lines.findIndex((line) => line.includes('not him.'))).toBeLessThan(lines.indexOf('From open to contained. Suspended.'))
    expect(lines).toContain('From open to contained. Suspended.')
  }, 60_000)

  it('lists what is open, or what was asked for, as a table or as JSON', async () => {
    const list = await run()
    expect(list.stdout).toMatch(
      /^number +severity +status +opened \(UTC\) +whose +title\nINC-1 +critical +contained +\S+ \S+ +nobody +Somebody exports customers\n$/,
    )
    const [line] = (await run('list', '--status', 'contained', '--json')).stdout.split('\n')
    expect(JSON.parse(line ?? '')).toMatchObject({ number: 1, subjects: ['ann'] })
    expect((await run('list', '--status', 'closed')).stdout).toBe('There are none of these.\n')
    expect((await run('list', '--severity', 'critical', '--status', 'open', '--status', 'contained')).stdout).toContain('INC-1')
  }, 60_000)

  it('refuses a status and a level that there are not, and says which there are', async () => {
    const status = await run('status', '1', 'gone')
    expect(status).toMatchObject({ code: 2, stdout: '' })
    expect(status.stderr).toMatch(/open, contained, resolved, closed/)
    expect(await run('open', 'x', '--severity', 'bad')).toMatchObject({ code: 2 })
  }, 60_000)
})
