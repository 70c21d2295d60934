import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './imports.js'

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
const text = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('the tree', () => {
  it('tracks no build output, no dependency and no secret', () => {
    expect(tracked.filter((path) => /(?:^|\/)(?:dist|node_modules|\.cache)\/|\.env$|\.pem$|\.tsbuildinfo$/.test(path))).toEqual([])
  })

  it('pins every dependency exactly', () => {
    const loose = tracked
      .filter((path) => path.endsWith('package.json'))
      .flatMap((path) => {
        const manifest = JSON.parse(text(path)) as Record<string, Record<string, string> | undefined>
        return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((key) =>
          Object.entries(manifest[key] ?? {})
            .filter(([, version]) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
            .map(([name, version]) => `${path}: ${name}@${version}`),
        )
      })
    expect(loose).toEqual([])
  })

  it('gives every package the licence, the engine and the same version', () => {
    const manifests = tracked
      .filter((path) => /^packages\/[a-z]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(text(path)) as Record<string, unknown>)
    expect(manifests.length).toBeGreaterThan(5)
    for (const manifest of manifests) {
      expect(manifest).toMatchObject({ license: 'Apache-2.0', version: '0.1.0', engines: { node: '>=20.20.0' }, type: 'module' })
    }
  })

  it('holds no placeholder and no switched-off test', () => {
    // written in pieces, so that this file does not find itself
    const marker = new RegExp(['TO', 'DO|FIX', 'ME|X', 'XX:|not (?:yet )?imple', 'mented'].join(''))
    const off = new RegExp(['\\b(?:it|test|describe)\\.(?:sk', 'ip|on', 'ly|to', 'do)\\b'].join(''))
    const wrong = tracked
      .filter((path) => /\.(?:ts|tsx|js|css|sh|yml)$/.test(path))
      .filter((path) => marker.test(text(path)) || off.test(text(path)))
    expect(wrong).toEqual([])
  })
})
