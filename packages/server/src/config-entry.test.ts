import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** Every package that a module and the modules of this package behind it load. */
const packagesOf = (file: string, seen = new Set<string>()): Set<string> => {
  const found = new Set<string>()
  if (seen.has(file)) return found
  seen.add(file)
  for (const [, type, from = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)( type)? [^'=]*? from '([^']+)'/gm)) {
    if (type !== undefined) continue
    if (!from.startsWith('.')) found.add(from)
    else for (const name of packagesOf(resolve(dirname(file), from.replace(/\.js$/, '.ts')), seen)) found.add(name)
  }
  return found
}
const entry = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

it('keeps small commands quick: settings, local token and setup link load no framework, driver or engine', () => {
  const light = [...packagesOf(entry('./config-entry.ts'))].filter((name) => !name.startsWith('node:'))
  expect(light.toSorted()).toEqual(['@parapet/core', 'yaml', 'zod'])
  // the walk does see what the whole server loads
  expect([...packagesOf(entry('./index.ts'))]).toEqual(
    expect.arrayContaining(['fastify', 'pg', '@parapet/detect', '@parapet/guard/passwords']),
  )
})
