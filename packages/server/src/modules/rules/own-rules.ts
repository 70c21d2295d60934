import type { Dirent } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { RuleProblem, RuleSource } from '@parapet/detect'

/** Files of an operator's own rules that are read, bytes of one, and bytes of all. */
const LIMITS = { files: 5_000, bytes: 1_048_576, total: 33_554_432 } as const

/** What stands before the path of an operator's own rule file, so that none is taken for one that comes with Parapet. */
export const OWN_PREFIX = 'own/'

/** A directory of rules as it was read; `mark` changes when anything in it does. */
export type OwnRules = { readonly sources: readonly RuleSource[]; readonly problems: readonly RuleProblem[]; readonly mark: string }

const NONE: OwnRules = { sources: [], problems: [], mark: '' }

type Found = { readonly path: string; readonly file: string; readonly size: number; readonly mark: string }

const listDir = async (dir: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(dir, { recursive: true, withFileTypes: true })
  } catch (error) {
    // without the directory there are no rules; one that cannot be read is told of
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const find = async (dir: string): Promise<Found[]> => {
  const found: Found[] = []
  for (const entry of await listDir(dir)) {
    // a link could lead anywhere
    if (!entry.isFile() || !/\.ya?ml$/i.test(entry.name) || entry.name.startsWith('.')) continue
    const path = join(entry.parentPath, entry.name)
    const file = `${OWN_PREFIX}${relative(dir, path).split(sep).join('/')}`
    const stats = await lstat(path).catch(() => undefined)
    if (stats === undefined) continue
    found.push({ path, file, size: stats.size, mark: `${file} ${stats.size} ${stats.mtimeMs} ${stats.ino}` })
  }
  return found.toSorted((a, b) => (a.file < b.file ? -1 : 1))
}

/** Reads the operator's own rules below a directory, unless `mark` says that nothing changed; then undefined. Never throws. */
export const readOwnRules = async (dir: string | undefined, mark: string | undefined): Promise<OwnRules | undefined> => {
  if (dir === undefined) return mark === undefined ? NONE : undefined
  const problems: RuleProblem[] = []
  const tell = (file: string, reason: string): void => void problems.push({ file, line: 1, reason })
  let found: Found[]
  try {
    found = await find(dir)
  } catch (error) {
    const reason = `the directory cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`
    if (mark === reason) return undefined
    tell(OWN_PREFIX, reason)
    return { sources: [], problems, mark: reason }
  }
  const now = found.map((each) => each.mark).join('\n')
  if (now === mark) return undefined
  const sources: RuleSource[] = []
  let total = 0
  for (const { path, file, size } of found) {
    total += size
    if (sources.length >= LIMITS.files) tell(file, `more than ${LIMITS.files} files`)
    else if (size > LIMITS.bytes) tell(file, `larger than ${LIMITS.bytes} bytes`)
    else if (total > LIMITS.total) tell(file, `all files together are larger than ${LIMITS.total} bytes`)
    else {
      try {
        sources.push({ file, text: await readFile(path, 'utf8') })
      } catch (error) {
        tell(file, `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
      }
    }
  }
  return { sources, problems, mark: now }
}
