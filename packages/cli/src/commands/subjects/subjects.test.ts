import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ResetCampaign, ResetRequest, SubjectView } from '@parapet/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parapet, type Run, temporaryFolder } from '../../fixtures/run-parapet.js'
import { progressOf } from './reset.js'

const folder = temporaryFolder()
const HOSTILE = 'eve\u001b[2Jil'
const subject = (id: string, name: string, source: string): SubjectView => ({
  id,
  name,
  email: `${name}@example.org`,
  roles: ['editor'],
  source: { id: source, name: source },
  firstSeen: 1_795_000_000_000,
  lastSeen: 1_795_000_060_000,
  lastSignIn: null,
  risk: 45,
  riskWhy: ['An alert of level high, 1m ago.'],
  flags: [],
  alerts7d: 1,
})
const PEOPLE = [subject('s1', 'ann', 'shop'), subject('s2', 'bob', 'shop'), subject('s3', 'bob', 'blog'), subject('s4', HOSTILE, 'shop')]
const CAMPAIGN: ResetCampaign = {
  id: 'c1',
  scope: { kind: 'all' },
  reason: 'x',
  by: { id: 'o', name: 'olga' },
  startedAt: 0,
  endedAt: null,
  subjects: 10_000,
  done: 3,
  mails: { queued: 5, sent: 4, failed: 1, noAddress: 2 },
  sessionsEnded: 1,
  state: 'running',
}

let server: Server
let url = ''
let asked: { readonly line: string; readonly body: unknown }[] = []
let looks = 0

beforeAll(async () => {
  // answers as the control plane does: what the command sends, and says, is what is looked at here
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const at = new URL(request.url ?? '/', 'http://x')
      const given: unknown = body === '' ? undefined : JSON.parse(body)
      asked.push({ line: `${request.method} ${at.pathname}`, body: given })
      const q = at.searchParams.get('q')
      const answers: Readonly<Record<string, unknown>> = {
        'GET /v1/subjects': { items: PEOPLE.filter(({ name }) => q === null || name === q), next: null },
        'POST /v1/subjects/s1/act': { ...PEOPLE[0], flags: [{ kind: 'suspend', until: 1_795_600_000_000, decisionId: 'd' }] },
        'GET /v1/subjects/s1': { subject: PEOPLE[0], sessions: [], decisions: [], alerts: [], events: [], addresses: [], incidents: [] },
        'POST /v1/resets': { ...CAMPAIGN, id: (given as ResetRequest | undefined)?.dryRun === true ? '' : 'c1' },
        'GET /v1/resets/c1': {
          ...CAMPAIGN,
          ...(++looks > 1 ? { state: 'done', done: 10_000, mails: { ...CAMPAIGN.mails, queued: 0, sent: 9 } } : {}),
        },
        'POST /v1/resets/c1/cancel': { ...CAMPAIGN, state: 'cancelled' },
        'GET /v1/sources': { items: [{ id: 'src', name: 'shop' }] },
        'PATCH /v1/sources/src': { id: 'src', name: 'shop', resetUrl: (given as { resetUrl?: string } | undefined)?.resetUrl },
      }
      const answer = answers[`${request.method} ${at.pathname}`]
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? { code: 'PPT_NOT_FOUND' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  asked = []
  looks = 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const run = (...args: string[]): Promise<Run> =>
  parapet(['subjects', ...args], { env: { PARAPET_DATA_DIR: folder.path, PARAPET_URL: url, PARAPET_TOKEN: 'ppt_test_0123456789' } })
const sent = (line: string): unknown[] => asked.filter((request) => request.line === line).map(({ body }) => body)

describe('parapet subjects', () => {
  it('lists who there is, with nothing of a name that drives the terminal', async () => {
    const { code, stdout } = await run()
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ann +shop +editor +45 +- +\d{4}-/m)
    expect(stdout).toContain('4 users')
    expect(stdout).not.toContain('\u001b')
  })

  it('shows one, by whole name', async () => {
    const { stdout } = await run('show', 'ann')
    expect(stdout).toContain('ann at shop, risk 45 of 100\n  An alert of level high, 1m ago.')
  })

  it('suspends whom it found, with reason and end, and only says who it would be when it is dry', async () => {
    expect((await run('suspend', 'ann', '--reason', 'stolen', '--dry-run')).stdout).toBe(
      'This would be ann at shop. Nothing was changed.\n',
    )
    expect(sent('POST /v1/subjects/s1/act')).toEqual([])
    const { stdout } = await run('suspend', 'ann', '--reason', 'stolen', '--for', '1d')
    expect(sent('POST /v1/subjects/s1/act')).toEqual([{ act: 'suspend', reason: 'stolen', duration: '1d' }])
    expect(stdout).toMatch(/^ann at shop is suspended, until .* UTC\.\n$/)
  })

  it('suspends nobody where several go by the name, or nobody does', async () => {
    expect(await run('suspend', 'bob', '--reason', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"shop", "blog"') as string,
    })
    expect(await run('suspend', 'zoe', '--reason', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nobody goes by') as string,
    })
    expect(asked.filter(({ line }) => line.startsWith('POST'))).toEqual([])
  })

  it('says where mails lead, of a source that there is', async () => {
    expect((await run('reset-page', 'shop', 'https://shop.example/reset')).stdout).toBe(
      'Mails to users of shop link to https://shop.example/reset.\n',
    )
    expect((await run('reset-page', 'shop', 'none')).stdout).toBe('Mails to users of shop link nowhere.\n')
    expect(sent('PATCH /v1/sources/src')).toEqual([{ resetUrl: 'https://shop.example/reset' }, { resetUrl: null }])
    expect((await run('reset-page', 'nothing', 'none')).code).toBe(2)
  })
})

describe('parapet subjects reset', () => {
  it('says how many it would be, and does nothing, when it is dry', async () => {
    const { stdout } = await run('reset', '--all', '--reason', 'leak', '--dry-run')
    expect(stdout).toMatch(
      /^10.?000 users must set a new password; 1 session ends, 5 mails at 60 a minute, 2 without an address\. Nothing was changed\.\n$/,
    )
    expect(sent('POST /v1/resets')).toMatchObject([{ dryRun: true }])
  })

  it('begins nothing where nobody can be asked, and goes on with --yes', async () => {
    expect(await run('reset', '--all', '--reason', 'leak')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string })
    expect(sent('POST /v1/resets')).toMatchObject([{ dryRun: true }])
    const { stdout, code } = await run('reset', '--role', 'admin', '--reason', 'leak', '--no-mail', '--yes')
    expect(code).toBe(0)
    expect(sent('POST /v1/resets').at(-1)).toEqual({ scope: { kind: 'role', role: 'admin' }, reason: 'leak', mail: false, perMinute: 60 })
    expect(stdout).toBe('Follow it: parapet subjects reset --watch c1\n')
  })

  it('takes users by name, each once', async () => {
    await run('reset', '--user', 'ann', '--user', 'ann', '--user', 'bob', '--source', 'shop', '--reason', 'x', '--dry-run')
    expect(sent('POST /v1/resets')).toMatchObject([{ scope: { kind: 'users', ids: ['s1', 's2'] } }])
  })

  it.each([[['--all', '--role', 'x']], [[]], [['--user', 'ann', '--all']]])(
    'refuses %j: it must be one of all, a role or users',
    async (args) => {
      expect((await run('reset', ...args, '--reason', 'x')).code).toBe(2)
      expect(sent('POST /v1/resets')).toEqual([])
    },
  )

  it('follows a campaign until it ends, on standard error, also one that was begun elsewhere, and cancels one', async () => {
    const watched = await run('reset', '--watch', 'c1', '--json')
    expect(watched.stderr).toMatch(/1 session ended, 4 of 10 mails sent \(1 failed\), 3 of 10.?000 came back\n/)
    expect(JSON.parse(watched.stdout)).toMatchObject({ state: 'done', done: 10_000 })
    expect((await run('reset', '--cancel', 'c1')).stdout).toMatch(/^It is cancelled: /)
  }, 30_000)

  it('leaves mails out of the progress where there are none', () => {
    const { mails: _mails, ...rest } = CAMPAIGN
    expect(progressOf({ ...rest, mails: { queued: 0, sent: 0, failed: 0, noAddress: 0 } })).not.toContain('mail')
  })
})
