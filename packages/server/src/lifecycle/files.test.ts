import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../config/index.js'
import { createLocalTokenCheck, ensureLocalToken, localTokenPath, readLocalToken } from './local-token.js'
import { createLog } from './log.js'
import { loadMasker } from './masker.js'
import { parseResolvers, parseRoutes, parseRoutes6, readOwnNetwork } from './own-network.js'
import { assertPortFree } from './port.js'
import { createLiveProtectedTargets } from './protected.js'
import { createSetupLink, isSetupLink, isSetupOver, removeSetupLink, SETUP_LINK_TTL, setupFilePath } from './setup-link.js'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parapet-files-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

describe('the local token', () => {
  it('is made once, 0600, and outlives restarts', async () => {
    expect(await readLocalToken({ dataDir })).toBeUndefined()
    const token = await ensureLocalToken({ dataDir })
    expect(token).toMatch(/^ppt_local_[\w-]{43}$/)
    expect((await stat(localTokenPath(dataDir))).mode & 0o777).toBe(0o600)
    expect(await ensureLocalToken({ dataDir })).toBe(token)
    expect(await readLocalToken({ dataDir })).toBe(token)
  })

  it('is replaced when others could have read it, and when the file was damaged', async () => {
    const token = await ensureLocalToken({ dataDir })
    await chmod(localTokenPath(dataDir), 0o644)
    const second = await ensureLocalToken({ dataDir })
    expect(second).not.toBe(token)
    expect((await stat(localTokenPath(dataDir))).mode & 0o777).toBe(0o600)
    await writeFile(localTokenPath(dataDir), 'ppt_local_short')
    expect(await readLocalToken({ dataDir })).toBeUndefined()
    expect(await ensureLocalToken({ dataDir })).not.toBe(second)
  })

  it('is known only whole', () => {
    const check = createLocalTokenCheck('ppt_local_abc')
    expect([check('ppt_local_abc'), check('ppt_local_ab'), check('ppt_local_abcd'), check(''), check('PPT_LOCAL_ABC')]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('the setup link', () => {
  const config = () => ({ dataDir, publicUrl: 'https://parapet.example' })

  it('is good until it expires, is replaced or used', async () => {
    const link = await createSetupLink(config(), { clock: () => 1_000 })
    expect(link).toMatch(/^https:\/\/parapet\.example\/setup#[\w-]{43}$/)
    expect(await isSetupLink({ dataDir }, link, 1_000 + SETUP_LINK_TTL - 1)).toBe(true)
    expect(await isSetupLink({ dataDir }, link, 1_000 + SETUP_LINK_TTL)).toBe(false)
    const next = await createSetupLink(config(), { clock: () => 1_000 })
    expect([await isSetupLink({ dataDir }, link, 1_000), await isSetupLink({ dataDir }, next, 1_000)]).toEqual([false, true])
    await removeSetupLink({ dataDir })
    expect(await isSetupLink({ dataDir }, next, 1_000)).toBe(false)
  })

  it('is proved by no file that is damaged, and by no text that is empty', async () => {
    for (const text of ['', '{', '{"hash":"00"}', '[]', '{"hash":"zz","expiresAt":99999999999999}']) {
      await writeFile(setupFilePath(dataDir), text)
      for (const link of ['', '#', 'x']) expect(await isSetupLink({ dataDir }, link, 0)).toBe(false)
    }
  })

  it('is over where a server ran that keeps none, and not before one ran', async () => {
    expect(await isSetupOver({ dataDir })).toBe(false)
    await createSetupLink(config())
    await ensureLocalToken({ dataDir })
    expect(await isSetupOver({ dataDir })).toBe(false)
    await removeSetupLink({ dataDir })
    expect(await isSetupOver({ dataDir })).toBe(true)
  })

  it('makes the data directory when there is none', async () => {
    const below = join(dataDir, 'new', 'place')
    await createSetupLink({ dataDir: below, publicUrl: 'http://localhost:8700' })
    expect(await readFile(setupFilePath(below), 'utf8')).toContain('hash')
  })
})

describe('assertPortFree', () => {
  it('a busy port: PPT_PORT_BUSY names it; a free one passes and stays free', async () => {
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const { port } = other.address() as { port: number }
    await expect(assertPortFree('127.0.0.1', port)).rejects.toMatchObject({ code: 'PPT_PORT_BUSY', detail: `127.0.0.1:${port}` })
    await new Promise((done) => other.close(done))
    await assertPortFree('127.0.0.1', port)
    await assertPortFree('127.0.0.1', port)
  })

  it('an address of another machine is a setting that cannot be', async () => {
    await expect(assertPortFree('192.0.2.254', 0)).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringContaining('192.0.2.254'),
    })
  })
})

describe('own network', () => {
  it('reads gateways out of the kernel’s tables', () => {
    const table =
      'Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0102A8C0\t0003\neth0\t0002A8C0\t00000000\t0001\nbad\t00000000\tnothex\n'
    expect(parseRoutes(table)).toEqual(['192.168.2.1'])
    const table6 = `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fe800000000000000000000000000001 00000400 0 0 00000003 eth0\n${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} ffffffff 1 0 00200200 lo\n`
    expect(parseRoutes6(table6)).toEqual(['fe80::1'])
    expect([parseRoutes(''), parseRoutes6('garbage'), parseRoutes('\t\t\t')]).toEqual([[], [], []])
  })

  it('reads name servers, with comments, zones and junk around them', () => {
    expect(
      parseResolvers('# x\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver nonsense\nsearch example\n nameserver 192.0.2.53\n'),
    ).toEqual(['192.0.2.53', 'fe80::1'])
  })

  it('knows the addresses of this machine', async () => {
    expect((await readOwnNetwork()).ownAddresses).toContain('127.0.0.1')
  })
})

describe('protected targets', () => {
  it('follow operators as they come and go, an IPv6 one by its /64', () => {
    let now = 0
    let addresses: string[] = []
    const targets = createLiveProtectedTargets({
      config: configSchema.parse({
        dataDir: '/',
        publicUrl: 'http://localhost',
        consoleDir: '/',
        allowList: ['192.0.2.0/24'],
        trustedProxies: ['10.0.0.1'],
        forwardAuth: [{ source: 'shop', trustedProxies: ['10.0.0.2'] }],
      }),
      presence: { addresses: () => addresses },
      clock: () => now,
      readNetwork: async () => ({ ownAddresses: [], gateways: [], dns: [] }),
      readEnforcers: async () => [],
      network: { ownAddresses: ['198.51.100.1'], gateways: ['198.51.100.254'], dns: ['198.51.100.53'] },
    })
    const reason = (value: string) => targets.reasonFor({ kind: 'ip', value })
    for (const value of ['127.0.0.1', '192.0.2.9', '10.0.0.1', '10.0.0.2', '198.51.100.1', '198.51.100.254', '198.51.100.53'])
      expect(reason(value)).toBeDefined()
    expect(reason('203.0.113.7')).toBeUndefined()
    addresses = ['203.0.113.7', '2001:db8::1']
    now = 2_000
    expect(reason('203.0.113.7')).toContain('operator')
    expect(reason('2001:db8::ffff')).toContain('operator')
    addresses = []
    now = 4_000
    expect(reason('203.0.113.7')).toBeUndefined()
  })

  it('follow the machine’s own network when it changes', async () => {
    let own = ['198.51.100.1']
    const targets = createLiveProtectedTargets({
      config: { allowList: [], trustedProxies: [], forwardAuth: [] },
      presence: { addresses: () => [] },
      clock: () => 0,
      readNetwork: async () => ({ ownAddresses: own, gateways: [], dns: [] }),
      readEnforcers: async () => ['198.51.100.77'],
      network: { ownAddresses: own, gateways: [], dns: [] },
    })
    own = ['198.51.100.2']
    await targets.refreshNetwork()
    expect(targets.reasonFor({ kind: 'ip', value: '198.51.100.77' })).toContain('a guard or an agent')
    expect(targets.reasonFor({ kind: 'ip', value: '198.51.100.2' })).toContain('this machine')
    expect(targets.reasonFor({ kind: 'ip', value: '198.51.100.1' })).toBeUndefined()
  })
})

describe('the log', () => {
  it('hides secrets by their names, wherever they stand', () => {
    const lines: string[] = []
    const log = createLog({ logLevel: 'info' }, loadMasker(), { write: (line: string) => lines.push(line) })
    log.info(
      { password: 's3cret', body: { token: 's3cret' }, req: { headers: { cookie: 's3cret' } }, entry: { detail: { link: 's3cret' } } },
      'x',
    )
    expect(lines.join('')).not.toContain('s3cret')
  })

  it('keeps code, stack and causes of an error, and not what the database adds to it', () => {
    const lines: string[] = []
    const log = createLog({ logLevel: 'info' }, loadMasker(), { write: (line: string) => lines.push(line) })
    const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (name)=(s3cret) exists', where: 's3cret' })
    log.error({ err: new Error('outer', { cause }) }, 'x')
    expect(JSON.parse(lines[0] ?? '{}').err).toMatchObject({
      message: 'outer',
      cause: { code: '23505', message: 'duplicate key', stack: expect.any(String) },
    })
    expect(lines.join('')).not.toContain('s3cret')
  })
})
