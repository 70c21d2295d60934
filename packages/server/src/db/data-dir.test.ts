import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { checkoutRoot, directoryKey, prepareDataDir, resolveDataDir } from './data-dir.js'

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 }
const root = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-dir-')))
let base = ''
let count = 0

beforeEach(() => {
  chmodSync(root, 0o755)
  base = join(root, `case-${++count}`)
  mkdirSync(base, { mode: 0o755 })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('resolveDataDir', () => {
  const inputs = { env: {}, cwd: '/srv/app', uid: 1_000, home: '/home/ann' }

  it('takes the directory that was given, made absolute', () => {
    expect(resolveDataDir({ ...inputs, env: { PARAPET_DATA_DIR: '/data' } })).toBe('/data')
    expect(resolveDataDir({ ...inputs, env: { PARAPET_DATA_DIR: 'data' } })).toBe('/srv/app/data')
    expect(resolveDataDir({ ...inputs, env: { PARAPET_DATA_DIR: '' } })).toBe(resolveDataDir(inputs))
  })

  it('keeps out of the checkout and out of root’s private home, where PostgreSQL’s user could not go', () => {
    expect(resolveDataDir({ ...inputs, uid: 0, home: '/root' })).toMatch(/^\/var\/lib\/parapet\/[0-9a-f]{16}$/)
    expect(resolveDataDir(inputs)).toMatch(/^\/home\/ann\/\.local\/share\/parapet\/[0-9a-f]{16}$/)
    expect(resolveDataDir({ ...inputs, env: { XDG_DATA_HOME: '/xdg' } })).toMatch(/^\/xdg\/parapet\/[0-9a-f]{16}$/)
    expect(resolveDataDir({ ...inputs, env: { XDG_DATA_HOME: 'relative' } })).toMatch(/^\/home\/ann\//)
  })

  it('is the same from everywhere in a checkout and another for another checkout', () => {
    const one = join(base, 'one')
    mkdirSync(join(one, 'packages/server/src'), { recursive: true })
    writeFileSync(join(one, 'package-lock.json'), '{}')
    writeFileSync(join(one, 'packages/server/package.json'), '{}')
    symlinkSync(one, join(base, 'link'))
    const from = (cwd: string): string => resolveDataDir({ ...inputs, cwd })
    expect(from(join(one, 'packages/server/src'))).toBe(from(one))
    expect(from(join(base, 'link'))).toBe(from(one))
    expect(from(base)).not.toBe(from(one))
    expect(checkoutRoot(join(one, 'packages'))).toBe(one)
    expect(checkoutRoot('/no/such/directory')).toBe('/no/such/directory')
    expect(directoryKey('/a')).not.toBe(directoryKey('/b'))
  })
})

describe('prepareDataDir', () => {
  it('makes the directory, private where PostgreSQL runs as the same user', () => {
    const dir = prepareDataDir(join(base, 'a/b'), undefined)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(prepareDataDir(dir, undefined)).toBe(dir)
  })

  it('lets another user of PostgreSQL pass through, but not look around', () => {
    const dir = join(base, 'closed')
    mkdirSync(dir, { mode: 0o700 })
    prepareDataDir(dir, NOBODY)
    expect(statSync(dir).mode & 0o777).toBe(0o711)
    expect(statSync(prepareDataDir(join(base, 'fresh'), NOBODY)).mode & 0o066).toBe(0)
  })

  it('refuses a place that PostgreSQL’s user cannot reach and names the directory in the way', () => {
    const closed = join(base, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    expect(() => prepareDataDir(join(closed, 'data'), { ...NOBODY, uid: 4_242, gid: 4_242 })).toThrow(
      expect.objectContaining({ code: 'PPT_DATA_DIR', detail: expect.stringContaining(`may not enter ${closed};`) }),
    )
    expect(statSync(closed).mode & 0o777).toBe(0o700)
  })

  it('looks at the rights that count: the owner’s for the owner, the group’s for the group', () => {
    const mine = join(base, 'mine')
    mkdirSync(mine, { mode: 0o700 })
    const { uid: owner, gid } = statSync(mine)
    expect(() => prepareDataDir(join(mine, 'data'), { name: 'me', uid: owner, gid })).not.toThrow()
    chmodSync(mine, 0o710)
    expect(() => prepareDataDir(join(mine, 'data'), { name: 'group', uid: 4_242, gid })).not.toThrow()
  })

  it('refuses what is no directory and what cannot be made', () => {
    const file = join(base, 'file')
    writeFileSync(file, '')
    expect(() => prepareDataDir(file, undefined)).toThrow(
      expect.objectContaining({ code: 'PPT_DATA_DIR', detail: expect.stringContaining(file) }),
    )
    expect(() => prepareDataDir(join(file, 'below'), undefined)).toThrow(expect.objectContaining({ code: 'PPT_DATA_DIR' }))
    expect(() => prepareDataDir('/proc/parapet', undefined)).toThrow(expect.objectContaining({ code: 'PPT_DATA_DIR' }))
    expect(existsSync('/proc/parapet')).toBe(false)
  })
})
