import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { inodeOf } from './generation.js'

/** A file beside a followed one that a rotation may have made of it. */
export type Sibling = {
  readonly path: string
  readonly inode: string
  readonly size: number
  readonly mtime: number
  readonly gzip: boolean
}

const OTHER_PACKERS = ['.bz2', '.xz', '.zst', '.lz4', '.Z', '.new', '.tmp', '.swp']
const ROTATED = /(?:[.-]\d{1,14}(?:-\d{1,10})?|\.old|\.prev)(?:\.gz)?$|\.gz$/

/** True for a name that a rotation gives: `x.log.1`, `x.log-20261122`, `x.log.2.gz`. Globs pass over such files: they are followed by their first name. */
export const isRotatedName = (name: string): boolean => ROTATED.test(name)

/** Most files that are looked at beside one. */
const MOST = 500

/** What rotations may have made of a file, oldest first: `base.*`, `base-*` and `stem-DIGITS.ext` in its folder. */
export const siblingsOf = (path: string): readonly Sibling[] => {
  const folder = dirname(path)
  const base = basename(path)
  const ext = extname(base)
  const stem = base.slice(0, base.length - ext.length)
  const isSibling = (name: string): boolean => {
    if (OTHER_PACKERS.some((ending) => name.endsWith(ending))) return false
    if (name.length > base.length && name.startsWith(base)) return name[base.length] === '.' || name[base.length] === '-'
    const middle = name.startsWith(`${stem}-`) && ext !== '' ? name.slice(stem.length + 1).replace(/\.gz$/, '') : ''
    return middle.endsWith(ext) && /^\d[\d-]*$/.test(middle.slice(0, middle.length - ext.length))
  }
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => isSibling(name))
    .flatMap((name): Sibling[] => {
      const at = join(folder, name)
      const stat = statSync(at, { throwIfNoEntry: false })
      if (stat === undefined || !stat.isFile() || stat.size === 0) return []
      return [{ path: at, inode: inodeOf(stat), size: stat.size, mtime: stat.mtimeMs, gzip: name.endsWith('.gz') }]
    })
    .toSorted((a, b) => a.mtime - b.mtime || (a.path < b.path ? 1 : -1))
    .slice(-MOST)
}
