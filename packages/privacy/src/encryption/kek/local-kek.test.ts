import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kekFromUri } from './kek-from-uri.js'
import { kekFromMaster } from './local-kek.js'

const MASTER = Buffer.from('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'hex')
const KEY = randomBytes(32)
const kekError = (detail: RegExp) => expect.objectContaining({ code: 'PPT_KEK', detail: expect.stringMatching(detail) as string })

describe('kekFromMaster', () => {
  const kek = kekFromMaster(MASTER, 'file:/keys.json')

  it('wraps anew each time and unwraps what it wrapped', async () => {
    const [one, other] = [await kek.wrap(KEY, 'ctx'), await kek.wrap(KEY, 'ctx')]
    expect(one.equals(other)).toBe(false)
    expect((await kek.unwrap(one, 'ctx')).equals(KEY)).toBe(true)
    expect(one.includes(KEY)).toBe(false)
  })

  it('is HKDF-SHA256 of the master key and AES-256-GCM, made here of node:crypto alone', async () => {
    const gcm = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', MASTER, 'parapet', 'kek', 32)), Buffer.alloc(12, 7))
    gcm.setAAD(Buffer.from('ctx'))
    const wrapped = Buffer.concat([Buffer.of(1), Buffer.alloc(12, 7), gcm.update(KEY), gcm.final(), gcm.getAuthTag()])
    expect((await kek.unwrap(wrapped, 'ctx')).equals(KEY)).toBe(true)
  })

  it('refuses another context, any flipped bit and any cut', async () => {
    const wrapped = await kek.wrap(KEY, 'ctx')
    await expect(kek.unwrap(wrapped, 'ctx2')).rejects.toEqual(kekError(/another key/))
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const changed = Buffer.from(wrapped)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(kek.unwrap(changed, 'ctx')).rejects.toEqual(kekError(/file:\/keys\.json/))
    }
    for (let length = 0; length < wrapped.length; length++)
      await expect(kek.unwrap(wrapped.subarray(0, length), 'ctx')).rejects.toEqual(kekError(/./))
  })

  it('takes 32 bytes only', () => {
    for (const length of [0, 16, 31, 33]) expect(() => kekFromMaster(Buffer.alloc(length, 1), 'x')).toThrow(RangeError)
  })
})

describe('file:', () => {
  let dir: string
  let path: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'parapet-kek-'))
    path = join(dir, 'kek')
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))
  const put = (content: string | Buffer): Promise<void> => writeFile(path, content, { mode: 0o600 })
  const open = () => kekFromUri(`file:${path}`, { env: {} })

  it.each<[string, string | Buffer]>([
    ['raw', MASTER],
    ['as base64url', MASTER.toString('base64url')],
    ['as base64 with a line break', `${MASTER.toString('base64')}\n`],
    ['as hexadecimal', MASTER.toString('hex')],
    [
      'in the key file of a data directory',
      JSON.stringify({ version: 1, id: 'abcdefgh', createdAt: '2026-11-21T00:00:00Z', key: MASTER.toString('base64url') }),
    ],
  ])('takes the key %s, and it is the same KEK', async (_name, content) => {
    await put(content)
    const wrapped = await open().wrap(KEY, 'ctx')
    expect((await kekFromMaster(MASTER, 'x').unwrap(wrapped, 'ctx')).equals(KEY)).toBe(true)
  })

  it.each<[string, string | Buffer, RegExp]>([
    ['is empty', '', /holds no key/],
    ['has 31 bytes', MASTER.subarray(1), /holds no key/],
    ['has 33 bytes', Buffer.concat([MASTER, Buffer.of(1)]), /holds no key/],
    ['is JSON without a key', '{"version":1}', /holds no key/],
    ['is broken JSON', '{"key":', /holds no key/],
    ['has a key that is a number', '{"key":1}', /holds no key/],
    ['has words', 'correct horse battery staple correct horse', /holds no key/],
    ['is huge', Buffer.alloc(100_000, 65), /holds no key/],
    ['has zeros', Buffer.alloc(32), /placeholder/],
    ['has zeros as text', 'A'.repeat(43), /placeholder/],
  ])('refuses a file that %s, without repeating it', async (_name, content, detail) => {
    await put(content)
    await expect(open().wrap(KEY, 'ctx')).rejects.toEqual(kekError(detail))
    await expect(open().wrap(KEY, 'ctx')).rejects.not.toThrow(/horse|AAAA/)
  })

  it('refuses a file that others may read, and says how to close it', async () => {
    await put(MASTER)
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      await chmod(path, mode)
      await expect(open().wrap(KEY, 'ctx')).rejects.toEqual(kekError(new RegExp(`mode ${mode.toString(8)}.*chmod 600`)))
    }
  })

  it('looks at the file itself behind a link', async () => {
    await put(MASTER)
    await chmod(path, 0o644)
    await symlink(path, join(dir, 'link'))
    await expect(kekFromUri(`file:${join(dir, 'link')}`, { env: {} }).wrap(KEY, 'ctx')).rejects.toEqual(kekError(/mode 644/))
  })

  it('that is missing or no file is named with the reason, and can be put there later', async () => {
    const kek = open()
    await expect(kek.unwrap(KEY, 'ctx')).rejects.toEqual(kekError(/cannot be read \(ENOENT\)/))
    await put(MASTER)
    expect(await kek.wrap(KEY, 'ctx')).toHaveLength(61)
    await expect(kekFromUri(`file:${dir}`, { env: {} }).wrap(KEY, 'ctx')).rejects.toEqual(kekError(/is no file|EISDIR/))
    await expect(kekFromUri('file:/dev/zero', { env: {} }).wrap(KEY, 'ctx')).rejects.toEqual(kekError(/is no file/))
  })
})

describe('kekFromUri', () => {
  it('takes a key from a variable', async () => {
    const kek = kekFromUri('env:PARAPET_MASTER', { env: { PARAPET_MASTER: MASTER.toString('base64') } })
    expect(kek.uri).toBe('env:PARAPET_MASTER')
    expect((await kekFromMaster(MASTER, 'x').unwrap(await kek.wrap(KEY, 'ctx'), 'ctx')).equals(KEY)).toBe(true)
  })

  it.each<[string, RegExp]>([
    ['env:NONE', /env:NONE is not set/],
    ['env:EMPTY', /is not set/],
    ['env:BAD', /holds no key/],
    ['env:ZERO', /placeholder/],
    ['env:__proto__', /is not set|holds no key/],
    ['env:A B', /takes the name of a variable/],
    ['env:', /takes the name of a variable/],
    ['file:relative', /absolute path/],
    ['file://host/x', /absolute path/],
    ['file:', /absolute path/],
    ['vault:http://vault.example/transit/key', /must be https/],
    ['vault:https://user:pw@vault.example/transit/key', /takes no user/],
    ['vault:https://vault.example/key', /not of the form/],
    ['vault:https://vault.example/transit/..%2fkey', /not of the form/],
    ['vault:nonsense', /names no address/],
    ['aws-kms:alias/x', /takes the ARN/],
    ['aws-kms:arn:aws:s3:eu-central-1:123456789012:key/x', /takes the ARN/],
    ['https://example.org', /named by file:/],
    ['', /named by file:/],
    [MASTER.toString('base64'), /named by file:/],
  ])('refuses %s', (uri, detail) => {
    const env = { EMPTY: '', BAD: 'password', ZERO: '0'.repeat(64) }
    expect(() => kekFromUri(uri, { env })).toThrow(kekError(detail))
  })

  it('does not repeat a key that somebody put in the place of a URI', () => {
    for (const pasted of [
      MASTER.toString('base64'),
      `key:${MASTER.toString('hex')}`,
      `env:${MASTER.toString('base64')}`,
      `env:a${'b'.repeat(63)}`,
    ]) {
      expect(() => kekFromUri(pasted, { env: {} })).toThrow(
        expect.objectContaining({ code: 'PPT_KEK', message: expect.not.stringContaining(pasted.slice(-20)) as string }),
      )
    }
  })
})
