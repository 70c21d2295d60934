import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { explainConfig, loadConfig } from './load.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parapet-config-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const load = (env: Record<string, string> = {}, file?: string, options: Record<string, unknown> = {}) =>
  loadConfig({ env: { PARAPET_DATA_DIR: dir, ...env }, options, cwd: dir, ...(file === undefined ? {} : { file }) })

const withFile = async (text: string, name = 'parapet.yml'): Promise<string> => {
  const path = join(dir, name)
  await writeFile(path, text)
  return path
}

describe('loadConfig', () => {
  it('gives a working loopback configuration when nobody says anything', async () => {
    const { config } = await load()
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8_700,
      dataDir: dir,
      publicUrl: 'http://localhost:8700',
      logLevel: 'info',
      trustedProxies: [],
      allowList: [],
      privacy: { viewersSeeNames: true },
      retention: { eventDays: 30 },
      budgets: { perMinute: 60, total: 10_000 },
      sessions: { idleMinutes: 60, absoluteHours: 12, requireMfa: 'off' },
    })
    expect(config.databaseUrl).toBeUndefined()
    expect(config.tls).toBeUndefined()
  })

  it('reads the file in the data directory without being told', async () => {
    await withFile('port: 9000\nretention:\n  eventDays: 7\n')
    const { config } = await load()
    expect(config.port).toBe(9_000)
    expect(config.retention.eventDays).toBe(7)
  })

  it('lets the environment win over the file, and options over both', async () => {
    await withFile('port: 9000\nlogLevel: warn\nhost: localhost\n')
    const { config } = await load({ PARAPET_PORT: '9001', PARAPET_LOG_LEVEL: 'debug' }, undefined, { port: 9_002 })
    expect(config).toMatchObject({ port: 9_002, logLevel: 'debug', host: 'localhost' })
  })

  it('announces the port that is really used', async () => {
    expect((await load({ PARAPET_PORT: '9100' })).config.publicUrl).toBe('http://localhost:9100')
    await withFile('tls: {cert: /etc/a.pem, key: /etc/a.key}\nhost: 0.0.0.0\n')
    expect((await load()).config.publicUrl).toBe('https://localhost:8700')
  })

  it('reads lists of the environment with commas and spaces', async () => {
    const { config } = await load({ PARAPET_ALLOW_LIST: '203.0.113.0/24, 2001:db8::1,', PARAPET_TRUSTED_PROXIES: '10.0.0.1' })
    expect(config.allowList).toEqual(['203.0.113.0/24', '2001:db8::1'])
    expect(config.trustedProxies).toEqual(['10.0.0.1'])
  })

  it('makes a relative data directory absolute, so that a later chdir does not move it', async () => {
    const { config } = await loadConfig({ env: { PARAPET_DATA_DIR: 'data' }, cwd: dir })
    expect(config.dataDir).toBe(join(dir, 'data'))
  })

  it('treats an empty variable as not set', async () => {
    expect((await load({ DATABASE_URL: '', PARAPET_PORT: '' })).config.port).toBe(8_700)
  })

  it('takes an empty file', async () => {
    await withFile('# nothing yet\n')
    expect((await load()).config.port).toBe(8_700)
  })
})

describe('settings that are wrong are named with their place and the fix', () => {
  const failure = async (env: Record<string, string>, file?: string): Promise<string> => {
    const error = await load(env, file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    return error instanceof Error && 'code' in error ? `${String(error.code)} ${error.message}` : `no error: ${String(error)}`
  }

  it('takes a key that wraps, as a URI and never as a key, and whether viewers see names', async () => {
    const { config } = await load({ PARAPET_KEK: 'env:MY_KEY', PARAPET_VIEWERS_SEE_NAMES: 'False' })
    expect(config).toMatchObject({ kek: 'env:MY_KEY', privacy: { viewersSeeNames: false } })
    const key = 'bm90IGEga2V5IGJ1dCBpdCBjb3VsZCBiZSBvbmUsIHJlYWw'
    const message = await failure({ PARAPET_KEK: key })
    expect(message).toMatch(/^PPT_CONFIG_INVALID .*kek \(from PARAPET_KEK\)/)
    expect(message).not.toContain(key)
    expect(await failure({ PARAPET_VIEWERS_SEE_NAMES: 'perhaps' })).toMatch(/^PPT_CONFIG_INVALID .*viewersSeeNames/)
  })

  it('unknown config key: names the nearest known one', async () => {
    const file = await withFile('prot: 9000\n')
    expect(await failure({})).toBe(`PPT_CONFIG_UNKNOWN_KEY A setting is not known: prot in ${file}; did you mean port?`)
  })

  it('unknown config key: also in a nested place', async () => {
    await withFile('retention:\n  eventDayz: 3\n')
    expect(await failure({})).toMatch(/^PPT_CONFIG_UNKNOWN_KEY .*retention\.eventDayz in .*did you mean retention\.eventDays\?$/)
  })

  it('unknown config key: also one whose value is a map', async () => {
    await withFile('retentoin:\n  eventDays: 3\n')
    expect(await failure({})).toMatch(/^PPT_CONFIG_UNKNOWN_KEY .*retentoin in .*did you mean retention\?$/)
  })

  it('unknown variable: a typo in the environment is not silence', async () => {
    expect(await failure({ PARAPET_PROT: '9000' })).toMatch(/^PPT_CONFIG_UNKNOWN_KEY .*PARAPET_PROT; did you mean PARAPET_PORT\?$/)
  })

  it('leaves variables of the client and of other programs alone', async () => {
    await expect(load({ PARAPET_URL: 'http://x', PARAPET_TOKEN: 'x', HOME: '/', PORT: '1' })).resolves.toBeDefined()
  })

  it('names the variable whose value does not fit', async () => {
    expect(await failure({ PARAPET_PORT: 'eighty' })).toMatch(/^PPT_CONFIG_INVALID .*port \(from PARAPET_PORT\)/)
    expect(await failure({ PARAPET_PORT: '70000' })).toMatch(/^PPT_CONFIG_INVALID .*port \(from PARAPET_PORT\)/)
    expect(await failure({ PARAPET_ALLOW_LIST: '203.0.113.0/24,nonsense' })).toMatch(/^PPT_CONFIG_INVALID .*allowList/)
    expect(await failure({ DATABASE_URL: 'mysql://root@db/x' })).toMatch(/^PPT_CONFIG_INVALID .*databaseUrl \(from DATABASE_URL\)/)
    expect(await failure({ PARAPET_LOG_LEVEL: 'loud' })).toMatch(/^PPT_CONFIG_INVALID .*logLevel/)
    expect(await failure({ PARAPET_HOST: 'http://x' })).toMatch(/^PPT_CONFIG_INVALID .*host/)
  })

  it('never repeats the password of a database URL', async () => {
    expect(await failure({ DATABASE_URL: 'mysql://root:s3cret@db/x' })).not.toContain('s3cret')
  })

  it('names the line of a file that is no YAML', async () => {
    const file = await withFile('port: 1\nhost: "unclosed\n')
    expect(await failure({})).toMatch(new RegExp(`^PPT_CONFIG_INVALID .*${file} line \\d+ is not YAML$`))
  })

  it('refuses a file that holds a list, and one that is a bomb of aliases', async () => {
    await withFile('- port\n')
    expect(await failure({})).toMatch(/must hold settings/)
    await withFile(`a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n`)
    expect(await failure({})).toMatch(/^PPT_CONFIG_/)
  })

  it('requires a file that was named', async () => {
    expect(await failure({}, join(dir, 'other.yml'))).toMatch(/^PPT_CONFIG_INVALID .*other\.yml cannot be read/)
    expect(await failure({ PARAPET_CONFIG: join(dir, 'third.yml') })).toMatch(/third\.yml cannot be read/)
  })

  it('blames the data directory, not a file in it that nobody named, when it may not be looked into', async () => {
    const file = await withFile('x', 'a-file')
    expect(await failure({ PARAPET_DATA_DIR: file })).toMatch(/^PPT_DATA_DIR .*a-file \(ENOTDIR\)$/)
    const isRoot = process.getuid?.() === 0
    const closed = join(dir, 'closed')
    await mkdir(join(closed, 'data'), { recursive: true })
    await chmod(dir, 0o755)
    await chmod(closed, 0)
    if (isRoot) process.seteuid?.(65_534)
    try {
      expect(await failure({ PARAPET_DATA_DIR: join(closed, 'data') })).toMatch(/^PPT_DATA_DIR .*data \(EACCES\)$/)
    } finally {
      if (isRoot) process.seteuid?.(0)
      await chmod(closed, 0o700)
    }
  })

  it('refuses a data directory without a name, and does not take the current one for it', async () => {
    await expect(load({}, undefined, { dataDir: '' })).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringMatching(/^dataDir \(from --data-dir\): /) as string,
    })
  })

  it('does not let a prototype in by a key', async () => {
    await withFile('__proto__:\n  port: 1\n')
    expect(await failure({})).toMatch(/^PPT_CONFIG_UNKNOWN_KEY|no error/)
    expect(({} as Record<string, unknown>)['port']).toBeUndefined()
  })

  it('non-loopback bind in clear: refused, with TLS allowed', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com'])
      expect(await failure({ PARAPET_HOST: host })).toMatch(/^PPT_BIND_CLEARTEXT/)
    await expect(load({ PARAPET_HOST: '0.0.0.0', PARAPET_TLS_CERT: '/a', PARAPET_TLS_KEY: '/b' })).resolves.toBeDefined()
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])
      await expect(load({ PARAPET_HOST: host })).resolves.toBeDefined()
  })

  it('wants both halves of TLS', async () => {
    expect(await failure({ PARAPET_TLS_CERT: '/a' })).toMatch(/^PPT_CONFIG_INVALID .*tls\.key/)
  })
})

describe('explainConfig', () => {
  it('says for each value where it came from', async () => {
    const file = await withFile('logLevel: warn\nbudgets:\n  total: 9\n')
    const settings = explainConfig(await load({ PARAPET_PORT: '9001' }, undefined, { host: 'localhost' }))
    const of = (key: string) => settings.find((setting) => setting.key === key)
    expect(of('port')).toEqual({ key: 'port', value: 9_001, origin: 'environment', from: 'PARAPET_PORT' })
    expect(of('logLevel')).toEqual({ key: 'logLevel', value: 'warn', origin: 'file', from: file })
    expect(of('budgets.total')).toMatchObject({ value: 9, origin: 'file' })
    expect(of('budgets.perMinute')).toMatchObject({ origin: 'default' })
    expect(of('host')).toMatchObject({ value: 'localhost', origin: 'option' })
    expect(of('publicUrl')).toMatchObject({ value: 'http://localhost:9001', origin: 'derived' })
    expect(of('dataDir')).toMatchObject({ value: dir, origin: 'environment', from: 'PARAPET_DATA_DIR' })
  })

  it('hides the password of the database wherever it stands in the URL', async () => {
    const settings = explainConfig(await load({ DATABASE_URL: 'postgres://u:s3cret@db/x?password=s3cret2' }))
    expect(JSON.stringify(settings)).not.toContain('s3cret')
    expect(settings.find(({ key }) => key === 'databaseUrl')?.value).toContain('@db/x')
  })

  it('hides the password of the mail server', async () => {
    const settings = explainConfig(await load({ PARAPET_SMTP_URL: 'smtps://u:s3cret@mail.example', PARAPET_SMTP_FROM: 'p@example.org' }))
    expect(JSON.stringify(settings)).not.toContain('s3cret')
    expect(settings.find(({ key }) => key === 'notifications.smtp.url')?.value).toContain('@mail.example')
  })
})

describe('the mail server', () => {
  const smtp = (text: string) => withFile(`notifications:\n  smtp:\n    from: p@example.org\n${text}`).then((file) => load({}, file))

  it('is reached by TLS on 587 unless somebody says otherwise', async () => {
    const { config } = await smtp('    host: mail.example\n')
    expect(config.notifications).toEqual({
      allowPrivate: [],
      smtp: { host: 'mail.example', port: 587, tls: 'required', from: 'p@example.org' },
    })
  })

  it.each([
    ['', /notifications\.smtp.*either url or host/],
    ['    host: mail.example\n    url: smtp://mail.example\n', /either url or host/],
    ['    url: https://mail.example\n', /notifications\.smtp\.url.*smtp:/],
    ['    host: mail.example\n    tls: maybe\n', /notifications\.smtp\.tls/],
    ['    host: mail.example\n    password: x\n', /notifications\.smtp\.password.*did you mean notifications\.smtp\.passwordFile/],
  ])('is refused by name when it cannot be: %j', async (text, words) => {
    await expect(smtp(text)).rejects.toThrow(words)
  })

  it('is asked to send from an address', async () => {
    await expect(load({ PARAPET_SMTP_URL: 'smtp://m.example', PARAPET_SMTP_FROM: 'Parapet' })).rejects.toThrow(
      /notifications\.smtp\.from \(from PARAPET_SMTP_FROM\)/,
    )
  })
})
