import { chmod, mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOwnRules } from './own-rules.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'own-rules-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const read = async (mark?: string) => {
  const own = await readOwnRules(dir, mark)
  if (own === undefined) throw new Error('nothing was read')
  return own
}

describe('the operator’s own rules', () => {
  it('are all YAML files below the directory, in the order of their names', async () => {
    await mkdir(join(dir, 'b'))
    for (const [name, text] of [
      ['z.yml', '1'],
      ['a.yaml', '2'],
      ['b/c.YML', '3'],
      ['notes.md', '4'],
      ['.hidden.yml', '5'],
      ['x.yml~', '6'],
    ] as const)
      await writeFile(join(dir, name), text)
    expect((await read()).sources).toEqual([
      { file: 'own/a.yaml', text: '2' },
      { file: 'own/b/c.YML', text: '3' },
      { file: 'own/z.yml', text: '1' },
    ])
  })

  it('are read again when one is changed, added or removed, and not otherwise', async () => {
    await writeFile(join(dir, 'a.yml'), 'one')
    const first = await read()
    expect(await readOwnRules(dir, first.mark)).toBeUndefined()
    await writeFile(join(dir, 'a.yml'), 'two')
    await utimes(join(dir, 'a.yml'), 1, 1)
    const second = await read(first.mark)
    expect(second.sources).toEqual([{ file: 'own/a.yml', text: 'two' }])
    await writeFile(join(dir, 'b.yml'), '')
    const third = await read(second.mark)
    expect(third.sources).toHaveLength(2)
    await rm(join(dir, 'b.yml'))
    expect((await read(third.mark)).sources).toHaveLength(1)
  })

  it('are none without a directory, which may come later', async () => {
    const gone = join(dir, 'later')
    const none = await readOwnRules(gone, undefined)
    expect(none).toEqual({ sources: [], problems: [], mark: '' })
    expect(await readOwnRules(gone, '')).toBeUndefined()
    await mkdir(gone)
    await writeFile(join(gone, 'a.yml'), 'x')
    expect((await readOwnRules(gone, ''))?.sources).toHaveLength(1)
    expect(await readOwnRules(undefined, '')).toBeUndefined()
    expect(await readOwnRules(undefined, undefined)).toMatchObject({ sources: [] })
  })

  it('never lead out of the directory, and one that is too large is told of while the others run', async () => {
    await symlink('/etc/passwd', join(dir, 'link.yml'))
    await symlink('/etc', join(dir, 'etc'))
    await writeFile(join(dir, 'big.yml'), '')
    await truncate(join(dir, 'big.yml'), 1_048_577)
    await writeFile(join(dir, 'good.yml'), 'good')
    const { sources, problems } = await read()
    expect(sources.map(({ file }) => file)).toEqual(['own/good.yml'])
    expect(problems).toEqual([{ file: 'own/big.yml', line: 1, reason: 'larger than 1048576 bytes' }])
  })

  it('that cannot be listed are told of, once', async () => {
    const file = join(dir, 'file')
    await writeFile(file, '')
    const own = await readOwnRules(file, undefined)
    expect(own?.problems).toMatchObject([{ file: 'own/', reason: expect.stringContaining('ENOTDIR') }])
    expect(await readOwnRules(file, own?.mark)).toBeUndefined()
    await chmod(file, 0o600)
  })
})
