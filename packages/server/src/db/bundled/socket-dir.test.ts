import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { prepareSocketDir, socketDirFor } from './socket-dir.js'

const uid = process.getuid?.() ?? -1
const root = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-sock-')))
let path = ''
let count = 0
beforeEach(() => {
  path = join(root, `s${++count}`)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('socketDirFor', () => {
  it('is short enough for a socket, whatever the data directory and the environment', () => {
    for (const dataDir of ['/d', `/${'long/'.repeat(60)}`])
      for (const runtime of [undefined, root, `/${'x'.repeat(200)}`, 'relative'])
        for (const user of [0, 1_000])
          expect(Buffer.byteLength(`${socketDirFor(dataDir, user, { XDG_RUNTIME_DIR: runtime })}/.s.PGSQL.5432.lock`)).toBeLessThanOrEqual(
            108,
          )
  })

  it('is the same for the same data directory and another for another', () => {
    expect(socketDirFor('/a', 0, {})).toBe(socketDirFor('/a', 0, {}))
    expect(socketDirFor('/a', 0, {})).not.toBe(socketDirFor('/b', 0, {}))
    expect(socketDirFor('/a', 1_000, {})).not.toBe(socketDirFor('/a', 1_001, {}))
    expect(socketDirFor('/a', 1_000, { XDG_RUNTIME_DIR: root })).toContain(root)
    expect(socketDirFor('/a', 1_000, { XDG_RUNTIME_DIR: '/no/such/place' })).toMatch(/^\/tmp\/parapet-1000-/)
  })
})

describe('prepareSocketDir', () => {
  it('makes a private directory and takes its own one again', () => {
    prepareSocketDir(path, uid, undefined)
    expect(statSync(path).mode & 0o7777).toBe(0o700)
    expect(() => prepareSocketDir(path, uid, undefined)).not.toThrow()
  })

  it('refuses a directory that others may enter', () => {
    mkdirSync(path)
    chmodSync(path, 0o755)
    expect(() => prepareSocketDir(path, uid, undefined)).toThrow(
      expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME', detail: expect.stringContaining('open to others') }),
    )
  })

  it('refuses a directory of somebody else, and leaves it as it was', () => {
    mkdirSync(path, { mode: 0o700 })
    expect(() => prepareSocketDir(path, 4_242, undefined)).toThrow(expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME' }))
    expect(statSync(path).uid).toBe(uid)
  })

  it('refuses a link, wherever it leads, and a file', () => {
    const elsewhere = join(root, `elsewhere${count}`)
    mkdirSync(elsewhere, { mode: 0o700 })
    symlinkSync(elsewhere, path)
    expect(() => prepareSocketDir(path, uid, undefined)).toThrow(
      expect.objectContaining({ detail: expect.stringContaining('not a directory') }),
    )
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    const file = `${path}f`
    writeFileSync(file, '')
    expect(() => prepareSocketDir(file, uid, undefined)).toThrow(expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME' }))
  })

  it('refuses to make it where everybody may rename it away', () => {
    const open = join(root, `open${count}`)
    mkdirSync(open)
    chmodSync(open, 0o777)
    expect(() => prepareSocketDir(join(open, 's'), uid, undefined)).toThrow(
      expect.objectContaining({ detail: expect.stringContaining(open) }),
    )
    chmodSync(open, 0o1777)
    expect(() => prepareSocketDir(join(open, 's'), uid, undefined)).not.toThrow()
  })

  it('gives it to the user of PostgreSQL, and finishes what a kill left half done', () => {
    const user = uid === 0 ? { name: 'nobody', uid: 65_534, gid: 65_534 } : undefined
    mkdirSync(path, { mode: 0o700 })
    prepareSocketDir(path, uid, user)
    expect(statSync(path).uid).toBe(user?.uid ?? uid)
    if (user === undefined) return
    // once it is theirs, a third user's is not taken for it
    chownSync(path, 4_242, 4_242)
    expect(() => prepareSocketDir(path, uid, user)).toThrow(expect.objectContaining({ code: 'PPT_DATABASE_RUNTIME' }))
  })
})
