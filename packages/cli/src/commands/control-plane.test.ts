import { readFile } from 'node:fs/promises'
import { freePort } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parapet, type Run, temporaryFolder } from '../fixtures/run-parapet.js'
import { type RunningServer, startServer } from '../fixtures/run-server.js'

const folder = temporaryFolder()
let env: Record<string, string> = {}
let server: RunningServer | undefined

const run = (...args: string[]): Promise<Run> => parapet(args, { env })
const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  env = { PARAPET_DATA_DIR: `${folder.path}/data`, PARAPET_PORT: String(await freePort()) }
  server = await startServer(env, 'setup')
}, 120_000)

afterAll(() => server?.stop(), 60_000)

describe('parapet serve', () => {
  it('says where it is and with which link the first operator is made', () => {
    const greeting = server?.greeting ?? ''
    expect(greeting).toBe(`listening  http://localhost:${env['PARAPET_PORT']}\n${greeting.split('\n')[1]}\n`)
    expect(greeting).toMatch(/\nsetup {2}http:\/\/localhost:\d+\/setup#[\w-]{43}\n$/)
  })

  it('refuses a second server on the same data, with code and way out', async () => {
    const second = await run('serve', '--port', '0')
    expect(second.code).toBe(3)
    expect(second.stderr).toMatch(/PPT_DATA_DIR_LOCKED/)
    expect(second.stderr).toMatch(/^fix {2}/m)
  }, 60_000)

  it('refuses a port that is no port, and a bind in clear beyond loopback', async () => {
    expect(await run('serve', '--port', 'http')).toMatchObject({ code: 2, stderr: expect.stringContaining('PPT_USAGE') as string })
    expect(await run('serve', '--host', '0.0.0.0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('PPT_BIND_CLEARTEXT') as string,
    })
    expect(await run('serve', '--data-dir', '')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/PPT_CONFIG_INVALID.*dataDir/) as string,
    })
    expect(await run('serve', '--config', '/nowhere.yml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('PPT_CONFIG_INVALID') as string,
    })
  })
})

describe('blocking', () => {
  it('goes from nothing to a block, its reason, and back', async () => {
    expect(await run('decisions')).toEqual({ code: 0, stdout: 'Nothing is enforced now.\n', stderr: '' })

    const block = await run('block', '203.0.113.7', '--reason', 'scraping, ticket 4711', '--for', '2h')
    expect(block.code).toBe(0)
    expect(block.stdout).toMatch(
      /^203\.0\.113\.7 is denied for 2h, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.\nUndo: parapet unblock 203\.0\.113\.7\n$/,
    )

    const list = await run('decisions')
    expect(list.stdout).toMatch(/^203\.0\.113\.7 +deny all +(?:2h|1h 59m) left +\S+ \S+ +scraping, ticket 4711$/m)
    expect(jsonLines((await run('decisions', 'list', '--json')).stdout)).toMatchObject([
      { target: { kind: 'ip', value: '203.0.113.7' }, mode: 'enforce' },
    ])

    const why = await run('why', '203.0.113.7')
    expect(why.stdout).toMatch(/^203\.0\.113\.7 is blocked\./)
    expect(why.stdout).toContain('scraping, ticket 4711')
    expect(jsonLines((await run('why', '203.0.113.7', '--json')).stdout)).toMatchObject([{ target: '203.0.113.7', blocked: true }])

    expect(await run('unblock', '203.0.113.7', '--reason', 'our own office')).toEqual({
      code: 0,
      stdout: 'Lifted 1 decision on 203.0.113.7.\n',
      stderr: '',
    })
    expect((await run('why', '203.0.113.7')).stdout).toMatch(/^203\.0\.113\.7 is not blocked\.[\s\S]*lifted .*our own office/)
    expect((await run('decisions')).stdout).toBe('Nothing is enforced now.\n')
    expect((await run('decisions', '--state', 'lifted')).stdout).toMatch(/^203\.0\.113\.7 +deny all +lifted/m)
    expect((await run('unblock', '203.0.113.7')).stdout).toMatch(/^(?:Nothing was enforced on|Lifted 0)/)
  }, 60_000)

  it('takes the /64 of an IPv6 address, sign-in only when asked', async () => {
    const block = await run('block', '2001:db8:7:1::9', '--scope', 'login', '--reason', 'spraying', '--json')
    expect(jsonLines(block.stdout)).toMatchObject([{ target: { kind: 'cidr', value: '2001:db8:7:1::/64' }, scope: 'login' }])
    expect((await run('unblock', '2001:db8:7:1::77')).stdout).toBe('Lifted 1 decision on 2001:db8:7:1::/64.\n')
  })

  it.each([
    [['block', '127.0.0.1', '--reason', 'x'], /PPT_PROTECTED_TARGET.*loopback/],
    [['block', '0.0.0.0/0', '--reason', 'x'], /PPT_INVALID.*too wide/],
    [['block', 'example.org', '--reason', 'x'], /PPT_ADDRESS_INVALID/],
    [['block', '203.0.113.7'], /--reason/],
    [['block', '203.0.113.7', '--reason', 'x', '--for', 'ever'], /--for takes a duration/],
    [['block', '203.0.113.7', '--reason', 'x', '--for', '90d'], /PPT_INVALID.*30d/],
    [['block', '203.0.113.7', '--reason', 'x', '--scope', 'some'], /Allowed choices are login, all/],
    [['unblock', 'nonsense'], /PPT_ADDRESS_INVALID/],
    [['decisions', '--state', 'odd'], /Allowed choices are active/],
  ])('refuses %j', async (args, sentence) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(sentence)
  })

  it('knows nothing about who never came', async () => {
    expect((await run('why', '198.51.100.200')).stdout).toBe('198.51.100.200 is not blocked.\nNothing is known about it.\n')
  })
})

describe('what is decided', () => {
  it('is shown with where it is in force, and taken back by the batch only when somebody is sure', async () => {
    await run('block', '203.0.113.30', '--reason', 'scans')
    const [made] = jsonLines((await run('decisions', 'list', '--json')).stdout) as { id: string; batch: string }[]
    const show = await run('decisions', 'show', made?.id ?? '')
    expect(show.stdout).toMatch(/^203\.0\.113\.30 {2}deny all {2}.* left\n/)
    expect(show.stdout).toMatch(/No enforcer has reported|ENFORCER|enforcer/)
    const asked = await run('decisions', 'undo', made?.batch ?? '')
    expect([asked.code, asked.stdout]).toEqual([2, ''])
    expect(asked.stderr).toMatch(/203\.0\.113\.30[\s\S]*say --yes/)
    expect((await run('decisions', 'undo', made?.batch ?? '', '--yes')).stdout).toBe(`Lifted 1 decision of batch ${made?.batch ?? ''}.\n`)
    expect((await run('decisions', 'undo', made?.batch ?? '')).stdout).toBe('Nothing of this batch is in force.\n')
    expect((await run('decisions', 'show', 'none')).stderr).toContain('PPT_NOT_FOUND')
    for (const yes of [[], ['--yes']])
      expect(await run('decisions', 'undo', 'nope', ...yes)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('PPT_NOT_FOUND') as string,
      })
  }, 120_000)

  it('by policies is listed, tried without effect, and promoted only by who is sure', async () => {
    const list = await run('policies')
    expect(list.stdout).toMatch(/^brute-force +enforce +\d+/m)
    const show = await run('policies', 'show', 'brute-force')
    expect(show.stdout).toMatch(/enforce {2}builtin\n[\s\S]*\n- /)
    expect(jsonLines((await run('policies', 'preview', 'observe', '--mode', 'enforce', '--json')).stdout)).toMatchObject([
      { alerts: 0, whole: true },
    ])
    expect((await run('policies', 'preview', 'observe')).stdout).toMatch(/^Of 0 alerts since .*0 decisions/)
    expect(await run('policies', 'demote', 'brute-force')).toMatchObject({ code: 0, stdout: 'brute-force is set to observe.\n' })
    expect((await run('policies')).stdout).toMatch(/^brute-force +observe/m)
    const asked = await run('policies', 'promote', 'brute-force')
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes') as string])
    expect((await run('policies', 'promote', 'brute-force', '--yes')).stdout).toBe('brute-force is set to enforce.\n')
    expect((await run('policies', 'demote', 'brute-force', '--rule', 'path-traversal', '--yes')).code).not.toBe(3)
    const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/
    for (const policy of ['brute-force', 'observe']) expect((await run('policies', 'show', policy)).stdout).not.toMatch(UUID)
    expect((await run('policies', 'show', 'none')).stderr).toContain('parapet policies lists them')
    expect((await run('policies', 'preview', 'observe', '--days', '8')).stderr).toContain('1 to 7 days')
  }, 180_000)

  it('is carried out by enforcers that report, and exit code 1 says that one is not in step', async () => {
    const token = (await readFile(`${folder.path}/data/local-token`, 'utf8')).trim()
    const call = async (path: string, authorization: string, body: unknown): Promise<Response> =>
      fetch(`http://127.0.0.1:${env['PARAPET_PORT']}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${authorization}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const source = (await (await call('/v1/sources', token, { name: 'web1' })).json()) as { token: string }
    const report = {
      kind: 'nftables',
      instance: 'web1',
      version: '1',
      mode: 'enforce',
      now: Date.now(),
      revision: 1_000,
      wanted: 3,
      held: 2,
      checkedAt: Date.now(),
      repairs: [{ at: Date.now(), what: 'the table was gone' }],
      refused: [],
      cannot: [],
      latencyMs: { p50: 12, p99: 30 },
      trouble: null,
    }
    expect((await call('/v1/enforcers/reports', source.token, { reports: [report] })).status).toBe(204)
    const { code, stdout } = await run('enforcers')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^nftables web1 +web1 +enforce +2 of 3 +drift +12 ms +\d+s ago$/m)
    expect(stdout).toContain('the table was gone')
  }, 60_000)
})

describe('a lockdown', () => {
  it('says what it means before it begins, begins for who is sure, and is over when it is ended', async () => {
    expect((await run('lockdown')).stdout).toMatch(/^There is no lockdown\./)
    const dry = await run('lockdown', 'start', '--reason', 'drill', '--dry-run')
    expect(dry.stdout).toBe('')
    expect(dry.stderr).toMatch(/^Of the last hour it would have refused 0 of 0 requests[\s\S]*127\.0\.0\.0\/8 +this machine itself/)
    const asked = await run('lockdown', 'start', '--reason', 'drill')
    expect([asked.code, asked.stdout]).toEqual([2, ''])
    const begun = await run('lockdown', 'start', '--reason', 'drill', '--for', '10m', '--yes')
    expect(begun.stdout).toMatch(
      /^Lockdown known_users by .*: ends in (?:2m|1m 5\ds) \(not confirmed yet\)\. drill\nConfirm it with parapet lockdown confirm within/,
    )
    expect(begun.stdout).toContain('parapet lockdown end')
    expect((await run('lockdown', 'confirm')).stdout).toMatch(/ends in (?:10m|9m 5\ds) \(1 confirmation\)/)
    expect((await run('lockdown', 'start', '--reason', 'again', '--yes')).stderr).toContain('PPT_CONFLICT')
    expect((await run('lockdown', 'end', '--reason', 'over')).stdout).toBe('The lockdown is over.\n')
    expect((await run('lockdown')).stdout).toMatch(/^There is no lockdown\.[\s\S]*known_users +\S.* +ended by hand +drill/)
    expect(jsonLines((await run('lockdown', 'status', '--json')).stdout)).toMatchObject([
      { current: null, latest: [{ endedWhy: 'ended' }] },
    ])
  }, 180_000)
})

describe('who asks', () => {
  it('is refused with a token that is not known', async () => {
    const { code, stderr } = await parapet(['decisions'], { env: { ...env, PARAPET_TOKEN: 'ppt_wrong' } })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/PPT_TOKEN_INVALID|PPT_UNAUTHENTICATED/) as string])
  })

  it('is told when nobody answers, or when no server ever ran here', async () => {
    const nobody = await parapet(['decisions'], { env: { ...env, PARAPET_URL: `http://127.0.0.1:${await freePort()}` } })
    expect([nobody.code, nobody.stderr]).toEqual([3, expect.stringContaining('PPT_CONTROL_PLANE') as string])
    const never = await parapet(['decisions'], { env: { PARAPET_DATA_DIR: `${folder.path}/never` } })
    expect([never.code, never.stderr]).toEqual([
      2,
      'PPT_UNAUTHENTICATED  Sign in or send a token: no server has run on this data directory yet: run parapet serve, or set PARAPET_URL and PARAPET_TOKEN\n' +
        'fix  Start the server of this machine with parapet serve, or set PARAPET_URL and PARAPET_TOKEN to one and a token of it.\n',
    ])
  })
})

describe('the end', () => {
  it('is a clean one on SIGTERM', async () => {
    expect(await server?.stop()).toBe(0)
  }, 60_000)
})
