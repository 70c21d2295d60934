import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestKeyset } from '../fixtures/test-keyset.js'
import type { Keyset, KeysetStore } from '../types.js'
import { createFileKeysetStore } from './file-store.js'
import { createMemoryKeysetStore } from './memory-store.js'

const { opened } = await createTestKeyset()
const { keyset } = opened
const variant = (kek: string): Keyset => ({ ...keyset, kek })

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parapet-keyset-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe.each<[string, () => KeysetStore]>([
  ['memory', () => createMemoryKeysetStore()],
  ['file', () => createFileKeysetStore(join(dir, 'keyset.json'))],
])('a keyset store in %s', (_name, create) => {
  it('gives back what was written, and undefined before', async () => {
    const store = create()
    expect(await store.read()).toBeUndefined()
    expect(await store.write(keyset, null)).toBe(true)
    expect((await store.read())?.keyset).toEqual(keyset)
  })

  it('takes a write only from who read the last one', async () => {
    const store = create()
    expect(await store.write(keyset, 'x')).toBe(false)
    await store.write(keyset, null)
    const { version } = (await store.read())!
    expect(await store.write(variant('env:A'), null)).toBe(false)
    expect(await store.write(variant('env:A'), version)).toBe(true)
    expect(await store.write(variant('env:B'), version)).toBe(false)
    expect((await store.read())?.keyset.kek).toBe('env:A')
  })

  it('lets exactly one of many through who write at once', async () => {
    const store = create()
    expect((await Promise.all(Array.from({ length: 8 }, (_, i) => store.write(variant(`env:N${i}`), null)))).filter(Boolean)).toHaveLength(
      1,
    )
    const { version } = (await store.read())!
    const won = await Promise.all(Array.from({ length: 8 }, (_, i) => store.write(variant(`env:M${i}`), version)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect((await store.read())?.keyset.kek).toBe(`env:M${won.indexOf(true)}`)
  })
})

describe('a keyset file', () => {
  const path = (): string => join(dir, 'keyset.json')
  const store = (): KeysetStore => createFileKeysetStore(path())

  it('is for its owner only, and leaves nothing beside it', async () => {
    await store().write(keyset, null)
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect(await readdir(dir)).toEqual(['keyset.json'])
  })

  it('that is damaged is refused by name and never written over', async () => {
    for (const text of ['', '{', '{"version":1}', '\0\0\0']) {
      await writeFile(path(), text)
      await expect(store().read()).rejects.toMatchObject({ code: 'PPT_KEYSET_INVALID', detail: expect.stringContaining(path()) as string })
      await expect(store().write(keyset, null)).rejects.toMatchObject({ code: 'PPT_KEYSET_INVALID' })
      expect(await readFile(path(), 'utf8')).toBe(text)
    }
    expect(await readdir(dir)).toEqual(['keyset.json'])
  })

  it('edited by hand between reading and writing keeps the edit', async () => {
    await store().write(keyset, null)
    const { version } = (await store().read())!
    await writeFile(path(), (await readFile(path(), 'utf8')).replace('file:/test', 'file:/else'))
    expect(await store().write(keyset, version)).toBe(false)
    expect((await store().read())?.keyset.kek).toBe('file:/else')
  })

  it('waits for a lock that is let go', async () => {
    await writeFile(`${path()}.lock`, '1\n')
    const written = store().write(keyset, null)
    setTimeout(() => void rm(`${path()}.lock`), 100)
    expect(await written).toBe(true)
  })

  it('does not break the lock of another, and says who holds it', async () => {
    await writeFile(`${path()}.lock`, '4711\n')
    await expect(store().write(keyset, null)).rejects.toMatchObject({
      code: 'PPT_CONFLICT',
      detail: expect.stringContaining('process 4711') as string,
    })
    expect(await readdir(dir)).toEqual(['keyset.json.lock'])
  }, 20_000)

  it('is not written when it could not be read back', async () => {
    await expect(store().write({ ...keyset, keys: [] }, null)).rejects.toMatchObject({ code: 'PPT_KEYSET_INVALID' })
    expect(await readdir(dir)).toEqual([])
  })

  it('in a folder that is not there, or is one itself, is named with the reason', async () => {
    await expect(createFileKeysetStore(join(dir, 'none', 'keyset.json')).write(keyset, null)).rejects.toMatchObject({
      code: 'PPT_DATA_DIR',
      detail: expect.stringContaining('ENOENT') as string,
    })
    await expect(createFileKeysetStore(dir).read()).rejects.toMatchObject({
      code: 'PPT_FILE_UNREADABLE',
      detail: expect.stringContaining('EISDIR') as string,
    })
  })
})
