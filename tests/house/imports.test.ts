import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, importsOf, isTestHelp, mayImport, readRooms, root, type Room } from './imports.js'

const rooms = readRooms(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
const roomOf = (specifier: string): string | undefined =>
  /^@parapet\/([a-z-]+)/.exec(specifier)?.[1] ?? (specifier === 'parapet' ? 'cli' : undefined)

const room = (name: string): Room => {
  const found = rooms.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`ARCHITECTURE.md has no row for ${name}`)
  return found
}

describe('the import table of ARCHITECTURE.md', () => {
  it('has a row for every package and no row without one', () => {
    expect(rooms.map(({ name }) => name).toSorted()).toEqual(packages.toSorted())
  })

  it('refuses what it should refuse', () => {
    expect(mayImport(room('core'), room('client'))).toBe(false)
    expect(mayImport(room('guard'), room('detect'))).toBe(false)
    expect(mayImport(room('detect'), room('guard'))).toBe(false)
    expect(mayImport(room('server'), room('testkit'))).toBe(false)
    expect(mayImport(room('guard'), room('client'))).toBe(true)
    expect(mayImport(room('server'), room('detect'))).toBe(true)
  })

  it.each(packages)('holds for %s', (name) => {
    const wrong = filesBelow(join(root, 'packages', name, 'src'), /(?<!\.test)\.tsx?$/)
      .filter((path) => !isTestHelp(path))
      .flatMap((path) =>
        importsOf(path).flatMap((specifier) => {
          const target = roomOf(specifier)
          return target === undefined || mayImport(room(name), room(target)) ? [] : [`${relative(root, path)} imports ${specifier}`]
        }),
      )
    expect(wrong).toEqual([])
  })

  it.each(packages)('finds every third-party import of %s among its declared dependencies', (name) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >
    const declared = new Set(
      [
        'dependencies',
        'peerDependencies',
        'optionalDependencies',
        ...(name === 'console' || name === 'testkit' ? ['devDependencies'] : []),
      ].flatMap((key) => Object.keys(manifest[key] ?? {})),
    )
    const missing = filesBelow(join(root, 'packages', name, 'src'), /(?<!\.test)\.tsx?$/)
      .filter((path) => !isTestHelp(path))
      .flatMap((path) => importsOf(path).map((specifier) => ({ path, specifier })))
      .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:') && !specifier.startsWith('virtual:'))
      .map(({ path, specifier }) => ({
        path,
        dependency: specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? ''),
      }))
      .filter(({ dependency }) => dependency !== (name === 'cli' ? 'parapet' : `@parapet/${name}`) && !declared.has(dependency))
      .map(({ path, dependency }) => `${relative(root, path)} imports ${dependency}`)
    expect(missing).toEqual([])
  })
})

describe('the table reader', () => {
  it('reads rows, the dash and extra columns, and nothing else', () => {
    const table =
      '| row | package | what | may also import |\n| --- | --- | --- | --- |\n| 1 | `core` | x | |\n| 5 | `agent` | y | `testkit` |\n| – | `testkit` | z | |\n| a | b |'
    expect(readRooms(table)).toEqual([
      { name: 'core', row: 1, extra: [] },
      { name: 'agent', row: 5, extra: ['testkit'] },
      { name: 'testkit', row: undefined, extra: [] },
    ])
  })
})
