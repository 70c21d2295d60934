import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

type Manifest = {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

const published = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name))
  .filter((folder) => existsSync(join(folder, 'package.json')) && readManifest(folder).private !== true)
  .map((folder) => ({ folder, manifest: readManifest(folder) }))

const entries = published.flatMap(({ manifest }) => Object.keys(manifest.exports ?? {}).map((key) => manifest.name + key.slice(1)))

/**
 * What a user of the registry gets: the packed files of every package, their declared dependencies, and nothing else.
 * Optional peers (express) are absent on purpose.
 */
describe('every export, from the packed tarballs', () => {
  const place = mkdtempSync(join(tmpdir(), 'parapet-exports-'))

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'ignore' })
    const modules = join(place, 'node_modules')
    for (const { folder, manifest } of published) {
      const target = join(modules, manifest.name)
      mkdirSync(target, { recursive: true })
      const [packed] = JSON.parse(
        execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', place], {
          cwd: folder,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      ) as { filename: string }[]
      execFileSync('tar', ['-xzf', join(place, packed?.filename ?? ''), '-C', target, '--strip-components=1'])
    }
    for (const { folder, manifest } of published) {
      for (const name of Object.keys(manifest.dependencies ?? {})) {
        const target = join(modules, name)
        if (existsSync(target)) continue
        mkdirSync(dirname(target), { recursive: true })
        const own = join(folder, 'node_modules', name)
        symlinkSync(existsSync(own) ? own : join(root, 'node_modules', name), target)
      }
    }
  }, 120_000)

  afterAll(() => rmSync(place, { recursive: true, force: true }))

  it('covers the libraries', () => {
    expect(entries).toContain('@parapet/guard/express')
    expect(entries).toContain('@parapet/core/match')
  })

  it.each(entries)('imports %s and finds something exported', (entry) => {
    const script = `const it = await import(${JSON.stringify(entry)}); if (Object.keys(it).length === 0) throw new Error('nothing is exported')`
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: place, stdio: 'pipe' })).not.toThrow()
  })

  it('ships the data that engines read', () => {
    expect(
      readdirSync(join(place, 'node_modules/@parapet/detect/rules'), { recursive: true }).filter((name) => String(name).endsWith('.yml'))
        .length,
    ).toBeGreaterThan(7)
    expect(readdirSync(join(place, 'node_modules/@parapet/respond/policies')).length).toBeGreaterThan(0)
  })

  it('ships the console where the server looks for it', () => {
    expect(readdirSync(join(place, 'node_modules/@parapet/console/dist/site'))).toContain('index.html')
  })

  it('ships no test and no build state', () => {
    const stray = published.flatMap(({ manifest }) =>
      readdirSync(join(place, 'node_modules', manifest.name), { recursive: true })
        .map(String)
        .filter((name) => /\.test\.|\/fixtures\/|\.tsbuildinfo$/.test(name)),
    )
    expect(stray).toEqual([])
  })

  it('runs the packed command', () => {
    const out = execFileSync(process.execPath, [join(place, 'node_modules/parapet/bin/parapet.js'), '--help'], { encoding: 'utf8' })
    expect(out).toContain('parapet')
  })

  it.each(published.map(({ folder, manifest }) => [manifest.name, folder] as const))(
    'publint finds nothing wrong with %s',
    async (_, folder) => {
      const { messages } = await publint({ pkgDir: folder, level: 'warning', pack: 'npm' })
      expect(messages).toEqual([])
    },
  )
})
