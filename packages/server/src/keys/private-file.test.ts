import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureDirectory, isPrivate, readPrivateFile, writePrivateFile } from './private-file.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parapet-private-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('files in the data directory', () => {
  it('are readable by their owner only', async () => {
    await writePrivateFile(join(dir, 'a'), 'x')
    expect((await stat(join(dir, 'a'))).mode & 0o777).toBe(0o600)
    expect(await isPrivate(join(dir, 'a'))).toBe(true)
    await chmod(join(dir, 'a'), 0o644)
    expect(await isPrivate(join(dir, 'a'))).toBe(false)
  })

  it('are replaced whole, and leave nothing half-written beside them', async () => {
    await writePrivateFile(join(dir, 'a'), 'old')
    await writePrivateFile(join(dir, 'a'), 'new')
    expect(await readFile(join(dir, 'a'), 'utf8')).toBe('new')
    expect(await readdir(dir)).toEqual(['a'])
  })

  it('are made by exactly one of many who try at once', async () => {
    const won = await Promise.all(Array.from({ length: 8 }, (_, i) => writePrivateFile(join(dir, 'once'), String(i), { exclusive: true })))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await readFile(join(dir, 'once'), 'utf8')).toBe(String(won.indexOf(true)))
    expect(await readdir(dir)).toEqual(['once'])
  })

  it('read as undefined when there are none', async () => {
    expect(await readPrivateFile(join(dir, 'none'))).toBeUndefined()
  })

  it('stand in a directory that is made with those above it, once, by as many as want it at the same time', async () => {
    const deep = join(dir, 'a', 'b', 'c')
    await Promise.all(Array.from({ length: 8 }, () => ensureDirectory(deep)))
    await ensureDirectory(deep)
    expect((await stat(deep)).mode & 0o777).toBe(0o700)
  })

  it('are refused at once where no directory can be made, however the system says so', async () => {
    await expect(ensureDirectory('/proc/parapet/below')).rejects.toMatchObject({ code: 'PPT_DATA_DIR' })
  })

  it('unwritable data directory: PPT_DATA_DIR names the path and the reason', async () => {
    await writeFile(join(dir, 'file'), '')
    await expect(ensureDirectory(join(dir, 'file', 'below'))).rejects.toMatchObject({
      code: 'PPT_DATA_DIR',
      detail: expect.stringContaining('ENOTDIR'),
    })
    await expect(writePrivateFile(join(dir, 'none', 'a'), 'x')).rejects.toMatchObject({
      code: 'PPT_DATA_DIR',
      detail: expect.stringContaining('ENOENT'),
    })
    await expect(readPrivateFile(dir)).rejects.toMatchObject({ code: 'PPT_DATA_DIR', detail: expect.stringContaining('EISDIR') })
  })
})
