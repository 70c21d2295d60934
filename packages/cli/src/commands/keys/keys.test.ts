import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { Client, Pool } from 'pg'
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanEnv, onTerminal, parapet, parapetBin, type Run, temporaryFolder } from '../../fixtures/run-parapet.js'
import { displayWidth } from '../../output/width.js'

const postgresHere = needs('root', 'postgres', 'initdb', 'psql')
const folder = temporaryFolder()
const at = (name: string): string => join(folder.path, name)

type Line = Record<string, unknown>
const jsonLines = (out: string): Line[] => out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line) // prettier-ignore

/** Makes every time of a keyset older, as if the waiting were over. */
const age = (keyset: string): void => {
  const text = readFileSync(keyset, 'utf8')
  const read = JSON.parse(text) as { keys: { created: number; since: number }[] }
  for (const key of read.keys) {
    key.created -= 700_000
    key.since -= 700_000
  }
  writeFileSync(keyset, JSON.stringify(read))
}
const materialOf = (keyset: string): readonly string[] =>
  (JSON.parse(readFileSync(keyset, 'utf8')) as { keys: { wrapped?: string; kcv: string }[] }).keys.flatMap(({ wrapped, kcv }) => (wrapped === undefined ? [kcv] : [wrapped, kcv])) // prettier-ignore

const create = (name: string, ...more: readonly string[]): Promise<Run> =>
  parapet(['keys', 'create', '--keyset', at(`${name}.json`), '--new-kek', at(`${name}.kek`), ...more])

describe('parapet keys create', () => {
  it('makes keyset and KEK for their owner only, says where both lie, and shows no key', async () => {
    const { code, stdout } = await create('first')
    expect(code).toBe(0)
    for (const file of [at('first.json'), at('first.kek')]) {
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(stdout).toContain(file)
    }
    expect(stdout).toMatch(/Back up\n/)
    expect(stdout).toMatch(/one copy of that folder opens everything/)
    const kek = readFileSync(at('first.kek'), 'utf8').trim()
    expect(Buffer.from(kek, 'base64url')).toHaveLength(32)
    const listed = await parapet(['keys', 'list', '--keyset', at('first.json')])
    for (const secret of [kek, ...materialOf(at('first.json'))]) expect(stdout + listed.stdout).not.toContain(secret)
    expect(listed.stdout).toMatch(/^ +\d+ {2}primary {2}20\d\d-/m)
  })

  it('writes over nothing, and leaves no KEK behind for a keyset that was there', async () => {
    const before = readFileSync(at('first.json'), 'utf8')
    const again = await parapet(['keys', 'create', '--keyset', at('first.json'), '--new-kek', at('other.kek')])
    expect([again.code, again.stderr]).toEqual([3, expect.stringMatching(/PPT_CONFLICT.*holds a keyset already/) as string])
    expect(existsSync(at('other.kek'))).toBe(false)
    const kek = await parapet(['keys', 'create', '--keyset', at('new.json'), '--new-kek', at('first.kek')])
    expect([kek.code, kek.stderr]).toEqual([3, expect.stringMatching(/PPT_CONFLICT.*never written over/) as string])
    expect([readFileSync(at('first.json'), 'utf8'), existsSync(at('new.json'))]).toEqual([before, false])
  })

  it('records what was done in the file that was named, one JSON object a line', async () => {
    const { code, stdout, stderr } = await create('recorded', '--audit', at('audit.jsonl'), '--json')
    expect([code, stderr]).toEqual([0, ''])
    const [made] = jsonLines(stdout)
    expect(statSync(at('audit.jsonl')).mode & 0o777).toBe(0o600)
    expect(jsonLines(readFileSync(at('audit.jsonl'), 'utf8'))).toEqual([
      expect.objectContaining({ action: 'keyset.created', outcome: 'success', resource: { type: 'keyset', id: made?.['id'] }, detail: { key_id: made?.['key'], dev: false } }),
    ]) // prettier-ignore
    const nowhere = await create('unrecorded', '--audit', at('none/audit.jsonl'))
    expect([nowhere.code, existsSync(at('unrecorded.json'))]).toEqual([2, false])
  })

  it('makes a keyset for development that production refuses', async () => {
    const { code, stdout } = await create('dev', '--dev')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/refused where NODE_ENV is production/) as string])
    const production = { env: { NODE_ENV: 'production' } }
    const made = await parapet(['keys', 'create', '--dev', '--keyset', at('p.json'), '--new-kek', at('p.kek')], production)
    expect([made.code, made.stderr, existsSync(at('p.kek'))]).toEqual([2, expect.stringMatching(/PPT_KEY_DEV/) as string, false])
  })
})

describe('bad input', () => {
  it.each<[readonly string[], number, RegExp]>([
    [['list'], 2, /name the keyset: --keyset FILE/],
    [['list', '--keyset', at('none.json')], 3, /PPT_KEYS_MISSING.*none\.json; parapet keys create makes one/],
    [['list', '--keyset', 'database'], 2, /needs --database URL/],
    [['list', '--data-dir', at('nothing')], 3, /PPT_KEYS_MISSING.*no control plane has been started/],
    [['list', '--data-dir', at('x'), '--keyset', at('first.json')], 2, /--data-dir stands for the whole place/],
    [['create', '--keyset', at('n.json')], 2, /name what wraps the keys/],
    [['create', '--keyset', at('n.json'), '--kek', 'hunter2hunter2'], 3, /PPT_KEK.*file:, env:, vault: or aws-kms:/],
    [['promote', '--keyset', at('first.json')], 2, /no key is pending/],
    [['promote', 'abc', '--keyset', at('first.json')], 2, /number of a key/],
    [['disable', '1', '--keyset', at('first.json')], 3, /has no key 1/],
    [['destroy', '1', '--keyset', at('first.json'), '--yes', '1'], 3, /has no key 1/],
    [['scan', '--keyset', at('first.json')], 2, /give --database URL/],
    [['scan', '--keyset', at('first.json'), '--database', 'mysql://u:hunter2@h/d'], 2, /takes postgres:\/\//],
    [
      ['scan', '--keyset', at('first.json'), '--database', 'postgres://u:hunter2@127.0.0.1:1/d'],
      3,
      /PPT_DATABASE_UNAVAILABLE.*ECONNREFUSED/,
    ],
    [['seal', 'users', '--keyset', at('first.json'), '--database', 'postgres://u:hunter2@127.0.0.1:1/d'], 2, /TABLE\.COLUMN/],
    [['seal', 'users.phone', '--keyset', at('first.json'), '--index', 'soundex'], 2, /nfkc, casefold/],
    [['rotate', '--keyset', at('first.json'), '--batch', '0'], 2, /whole number from 1/],
  ])(
    'is refused with a way out: %j',
    async (args, code, sentence) => {
      const run = await parapet(['keys', ...args])
      expect([run.code, run.stdout]).toEqual([code, ''])
      expect(run.stderr).toMatch(sentence)
      expect(run.stderr).toMatch(/^fix {2}/m)
      expect(run.stderr).not.toContain('hunter2')
    },
    20_000,
  )

  it('is a damaged keyset, and a KEK that is another one or open to others', async () => {
    const damaged = folder.write('damaged.json', readFileSync(at('first.json'), 'utf8').slice(0, -20))
    expect((await parapet(['keys', 'list', '--keyset', damaged])).stderr).toMatch(/PPT_KEYSET_INVALID.*damaged\.json/)
    const before = readFileSync(at('first.json'), 'utf8')
    const wrong = await parapet(['keys', 'rotate', '--keyset', at('first.json'), '--kek', `file:${at('recorded.kek')}`])
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(/PPT_KEK.*another key/) as string])
    // a key that only the wrong KEK opens would lock every process out
    expect(readFileSync(at('first.json'), 'utf8')).toBe(before)
    chmodSync(at('recorded.kek'), 0o644)
    const open = await parapet(['keys', 'rotate', '--keyset', at('recorded.json')])
    expect([open.code, open.stderr]).toEqual([3, expect.stringMatching(/PPT_KEK.*chmod 600/) as string])
    chmodSync(at('recorded.kek'), 0o600)
  }, 20_000)

  it('is a keyset that names a service of its own: no token is sent where a file says', async () => {
    const forged = JSON.parse(readFileSync(at('recorded.json'), 'utf8')) as Line
    const file = folder.write('forged.json', JSON.stringify({ ...forged, kek: 'vault:https://evil.example/transit/x' }))
    const { code, stderr } = await parapet(['keys', 'rotate', '--keyset', file], { env: { VAULT_TOKEN: 'hvs.token' } })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/say it yourself by --kek/) as string])
    expect(stderr).not.toContain('hvs.')
  })
})

describe.skipIf(!postgresHere.ok)(`parapet keys on a real PostgreSQL${postgresHere.note}`, () => {
  let cluster: SystemPostgres
  let pool: Pool
  const keyset = at('app.json')
  const keys = (...args: readonly string[]): Promise<Run> =>
    parapet(['keys', ...args], { env: { PARAPET_KEYSET: keyset, DATABASE_URL: cluster.url } })
  const lines = async (...args: readonly string[]): Promise<Line[]> => jsonLines((await keys(...args, '--json')).stdout)
  const keyOf = async (status: string): Promise<string> => String((await lines('list')).find((key) => key['status'] === status)?.['key'])

  beforeAll(async () => {
    cluster = await startSystemPostgres(at('cluster'))
    pool = new Pool({ connectionString: cluster.url, max: 2 })
    pool.on('error', () => undefined)
    await pool.query(`create table users (id bigint primary key, org text, phone text not null unique, note text);
      insert into users select i, 'org' || i % 3, '+4366055' || 10000 + i, 'plain' from generate_series(1, 300) as i`)
    await create('app')
  }, 90_000)
  afterAll(async () => {
    await pool?.end()
    await cluster?.stop()
  })

  it('seals a column step by step, says what comes next each time, and can go back', async () => {
    const begun = await keys('seal', 'users.phone', '--tenant-column', 'org', '--index', 'phone')
    expect([begun.code, begun.stderr]).toEqual([
      0,
      expect.stringMatching(/note {2}unique users_phone_key ends with the plain column/) as string,
    ])
    expect(begun.stdout).toMatch(
      /state +verified: .*\n.*300 rows\n\nNext\n[\s\S]*parapet keys seal users\.phone --cut-over\nUndo: parapet keys undo users\.phone\n$/,
    )
    expect((await keys('seal', 'users.phone', '--tenant-column', 'note')).stderr).toMatch(/begun with another tenant column/)
    expect((await lines('status', 'users.phone'))[0]).toMatchObject({
      state: 'verified',
      sealed: 300,
      left: 0,
      next: 'cutOver',
      undo: true,
    })

    const undone = await keys('undo', 'users.phone')
    expect([undone.code, undone.stdout]).toEqual([0, expect.stringMatching(/is plain again/) as string])
    expect((await lines('status', 'users.phone'))[0]).toMatchObject({ state: 'not begun' })

    await keys('seal', 'users.phone', '--tenant-column', 'org', '--index', 'phone')
    expect((await keys('finish', 'users.phone')).stderr).toMatch(/PPT_SEAL_STATE/)
    expect((await keys('seal', 'users.phone', '--cut-over')).stdout).toMatch(/state +cut: [\s\S]*parapet keys finish users\.phone\n/)
    const finished = await keys('finish', 'users.phone')
    expect([finished.code, finished.stdout]).toEqual([
      0,
      expect.stringMatching(/Done\.\n\nWhere plain text may still be\n {2}- /) as string,
    ])
    const { rows } = await pool.query<Line>('select * from users order by id limit 1')
    expect(Object.keys(rows[0] ?? {})).toEqual(['id', 'org', 'note', 'phone_sealed', 'phone_index'])
  }, 120_000)

  it('refuses a column that is not there, cannot be sealed, or is sealed already', async () => {
    for (const [column, sentence] of [
      ['users.phoen', /no column phoen/],
      ['nobody.phone', /no table public\.nobody/],
      ['users.id', /part of the primary key/],
    ] as const) {
      const { code, stderr } = await keys('seal', column)
      expect([column, code, stderr]).toEqual([column, expect.any(Number) as number, expect.stringMatching(sentence) as string])
      expect(code).toBeGreaterThan(1)
    }
    const tenant = await keys('seal', 'users.note', '--tenant-column', 'company')
    expect(tenant.stderr).toMatch(/no column company/)
  }, 60_000)

  it('takes a rotation to its end by one command, and destroys a key only when nothing needs it', async () => {
    const first = await keyOf('primary')
    const added = await keys('rotate')
    expect(added.stdout).toMatch(
      /was added\. It opens and does not seal yet\.\n\nNext\n[\s\S]*parapet keys promote {2}from 20.* UTC, in (?:10m|9m)/,
    )
    expect((await keys('rotate')).stdout).toMatch(/is pending/)
    const early = await keys('promote')
    expect([early.code, early.stderr]).toEqual([3, expect.stringMatching(/may become primary at/) as string])

    age(keyset)
    const moved = await keys('rotate', '--rows-per-second', '100000', '--batch', '50')
    const second = await keyOf('primary')
    expect(second).not.toBe(first)
    expect([moved.code, moved.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`public\\.users\\.phone_sealed +${second} +done +300 +0`)) as string,
    ])
    expect((await keys('rotate')).stdout).toMatch(new RegExp(`Every column was brought[\\s\\S]*parapet keys disable ${first}`))
    expect((await keys('finish')).stdout).toMatch(/finished {2}public\.users\.phone_sealed/)

    const inUse = await keys('destroy', first, '--yes', first)
    expect([inUse.code, inUse.stderr]).toEqual([3, expect.stringMatching(/is enabled; only a disabled key/) as string])
    await keys('disable', first)
    expect((await keys('destroy', first, '--yes', first)).stderr).toMatch(/a scan proves that it is unused from/)
    age(keyset)
    await pool.query(`update users set note = (select phone_sealed from users where id = 2) where id = 1`)
    expect((await keys('destroy', first)).stderr).toMatch(/say --yes/)
    expect((await keys('destroy', first, '--yes', second)).stderr).toMatch(/nothing was changed/)
    const gone = await keys('destroy', first, '--yes', first)
    expect([gone.code, gone.stdout]).toEqual([0, expect.stringMatching(/is destroyed\./) as string])
    expect(await keyOf('destroyed')).toBe(first)
  }, 120_000)

  it('shows keys in use by column, and what is sealed with none of ours', async () => {
    const second = Number(await keyOf('primary'))
    const found = await lines('scan')
    expect(found).toContainEqual({ column: 'public.users.phone_sealed', sealed: { [second]: 300 }, indexes: {}, damaged: 0 })
    expect(found.at(-1)).toMatchObject({ uses: { [second]: 601 }, unread: [] })
    const { rows } = await pool.query<{ sealed: string }>('select phone_sealed as sealed from users where id = 2')
    const foreign = Buffer.from(rows[0]?.sealed.slice(5) ?? '', 'base64url')
    foreign.writeUInt32BE(77, 2)
    await pool.query('update users set note = $1 where id = 3', [`ppt1.${foreign.toString('base64url')}`])
    const scan = await keys('scan')
    expect([scan.code, scan.stdout]).toEqual([1, expect.stringMatching(/77 +not in the keyset +1/) as string])
    await pool.query('update users set note = null')
  }, 60_000)

  it('learns of a column that the application seals itself, and refuses one that is not there', async () => {
    await pool.query('create table pets (id bigint primary key, chip text)')
    const unknown = await keys('rotate', '--new', '--column', 'pets.chpi')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/no column chpi/) as string])
    const { code } = await keys('rotate', '--new', '--column', 'pets.chip')
    expect(code).toBe(0)
    const { rows } = await pool.query<Line>("select spec from parapet_sealed_columns where table_name = 'pets'")
    expect(rows).toEqual([{ spec: { schema: 'public', table: 'pets', column: 'chip', type: 'text' } }])
  }, 60_000)

  it('says what a role may not read, and takes no zero for a proof', async () => {
    cluster.query(`create table hidden (t text); revoke all on hidden from parapet`)
    const { code, stderr } = await keys('scan')
    expect([code, stderr]).toEqual([3, expect.stringMatching(/not everything could be read: public\.hidden/) as string])
    cluster.query('drop table hidden')
  }, 30_000)

  it('keeps a keyset in the database as well', async () => {
    const env = { DATABASE_URL: cluster.url, PARAPET_KEK: `file:${at('app.kek')}` }
    const made = await parapet(['keys', 'create', '--keyset', 'database'], { env })
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/the table public\.parapet_keysets/) as string])
    const listed = await parapet(['keys', 'list', '--keyset', 'database'], { env })
    expect(listed.stdout).toMatch(/\d+ {2}primary/)
  }, 30_000)

  it('fits the terminal, in colour', async () => {
    for (const columns of [60, 80, 120])
      for (const args of [['list'], ['scan'], ['status'], ['status', 'users.phone']]) {
        const env = { PARAPET_KEYSET: keyset, DATABASE_URL: cluster.url }
        const { stdout } = await onTerminal(['keys', ...args], columns, { env: { ...env, NO_COLOR: '1' } })
        // commands to be copied are never broken
        const tooWide = stdout.split(/\r?\n/).filter((line) => displayWidth(line) > columns && !line.includes('parapet keys'))
        expect([args, columns, tooWide]).toEqual([args, columns, []])
      }
    const coloured = await onTerminal(['keys', 'list'], 80, { env: { PARAPET_KEYSET: keyset } })
    expect(coloured.stdout).toContain('\u001b[32m')
  }, 90_000)

  it("works on the control plane's own keys beside the running server, which records it", async () => {
    const dataDir = at('data')
    cluster.query('create database plane owner parapet')
    const url = cluster.url.replace(/parapet$/, 'plane')
    const env = { DATABASE_URL: url, PARAPET_PORT: String(await freePort()) }
    const server = spawn(process.execPath, [parapetBin, 'serve', '--data-dir', dataDir], {
      env: cleanEnv(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const ended = new Promise((resolve) => server.on('close', resolve))
    try {
      await new Promise((resolve, reject) => {
        server.stdout.once('data', resolve)
        server.once('close', () => reject(new Error(`the server ended: ${log}`)))
      })
      const run = (...args: readonly string[]): Promise<Run> => parapet(['keys', ...args, '--data-dir', dataDir], { env })
      expect((await run('list')).stdout).toMatch(/the table parapet\.parapet_keysets[\s\S]*keys\.json[\s\S]*primary/)
      expect((await run('rotate')).stdout).toMatch(/was added/)
      expect((await run('promote')).stderr).toMatch(/may become primary at/)
      expect((await run('promote', '--no-wait')).stdout).toMatch(/is primary/)
      const scan = await run('scan')
      expect([scan.code, scan.stdout]).toEqual([0, expect.stringMatching(/parapet\.audit\.sealed +\d+ +\w+ +\d/) as string])
      expect((await run('seal', 'events.body')).stderr).toMatch(/seals its own tables/)
      const record = new Client({ connectionString: url })
      await record.connect()
      const { rows } = await record.query<Line>("select action from parapet.audit where action like 'key.%' order by sequence")
      await record.end()
      expect(rows).toEqual([{ action: 'key.added' }, { action: 'key.promoted' }])
    } finally {
      server.kill('SIGTERM')
      await ended
    }
  }, 120_000)
})
