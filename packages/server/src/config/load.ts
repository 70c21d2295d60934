import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { nearest, ParapetError } from '@parapet/core'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { assertBind } from './bind.js'
import { defaultConsoleDir, defaultDataDir } from './places.js'
import { type Config, configSchema, ENVIRONMENT, FOREIGN_VARIABLES } from './schema.js'

/** Where a value came from. */
export type Origin = 'default' | 'derived' | 'file' | 'environment' | 'option'

/** A setting with its value and its origin; `from` names the variable or the file. */
export type Setting = { readonly key: string; readonly value: unknown; readonly origin: Origin; readonly from?: string }

/** A configuration and, for {@link explainConfig}, where each part came from. */
export type LoadedConfig = { readonly config: Config; readonly origins: ReadonlyMap<string, { origin: Origin; from?: string }> }

/** What {@link loadConfig} reads. */
export type ConfigSources = {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** a file that must exist; without it `<data dir>/parapet.yml` is read when there is one */
  readonly file?: string
  /** settings by path (`port`, `tls.cert`), stronger than all others: options of the command */
  readonly options?: Readonly<Record<string, unknown>>
  readonly cwd?: string
}

type Tree = Record<string, unknown>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Without a prototype, so that a key such as `__proto__` is a key like any other, and then an unknown one. */
const emptyTree = (): Tree => Object.create(null) as Tree

const put = (tree: Tree, path: readonly string[], value: unknown): void => {
  const [head = '', ...rest] = path
  if (rest.length === 0) tree[head] = value
  else {
    const child = isTree(tree[head]) ? tree[head] : emptyTree()
    tree[head] = child
    put(child, rest, value)
  }
}

const leaves = (value: unknown, path: readonly string[] = []): { path: readonly string[]; value: unknown }[] =>
  isTree(value) ? Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key])) : [{ path, value }]

/** Whether files of a folder may be asked for. A folder that is closed itself answers for its own name, and not for the one in it. */
const isOpen = (folder: string): Promise<boolean> =>
  stat(`${folder}/.`).then(
    () => true,
    () => false,
  )

const readConfigFile = async (path: string, required: boolean): Promise<Tree | undefined> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    if (!required && code === 'ENOENT') return undefined
    // nobody named this file: what cannot be used is the folder that it would stand in
    if (!required && (code === 'ENOTDIR' || !(await isOpen(dirname(path)))))
      throw new ParapetError('PPT_DATA_DIR', `${dirname(path)} (${code})`, { cause })
    throw new ParapetError('PPT_CONFIG_INVALID', `the file ${path} cannot be read`, { cause })
  }
  const document = parseDocument(text, { prettyErrors: true })
  const problem = document.errors[0]
  if (problem !== undefined)
    throw new ParapetError('PPT_CONFIG_INVALID', `${path} line ${problem.linePos?.[0].line ?? '?'} is not YAML`, { cause: problem })
  let tree: unknown
  try {
    tree = document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw new ParapetError('PPT_CONFIG_INVALID', `${path}: write every value out; aliases are not read`, { cause })
  }
  if (tree === null || tree === undefined) return {}
  if (!isTree(tree)) throw new ParapetError('PPT_CONFIG_INVALID', `${path} must hold settings as key: value`)
  return tree
}

const checkVariables = (env: Readonly<Record<string, string | undefined>>): void => {
  const known = [...ENVIRONMENT.map(({ name }) => name), ...FOREIGN_VARIABLES]
  for (const name of Object.keys(env)) {
    if (!name.startsWith('PARAPET_') || name.startsWith('PARAPET_TEST_') || known.includes(name)) continue
    throw new ParapetError('PPT_CONFIG_UNKNOWN_KEY', `the variable ${name.slice(0, 80)}; did you mean ${nearest(name, known)}?`)
  }
}

const keysAt = (path: readonly PropertyKey[]): string[] => {
  let schema: unknown = configSchema
  for (const part of path) {
    const shape = unwrap(schema)?.shape
    schema = shape?.[String(part)]
  }
  return Object.keys(unwrap(schema)?.shape ?? {})
}

const unwrap = (schema: unknown): z.ZodObject | undefined => {
  let inner = schema
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault || inner instanceof z.ZodOptional) inner = inner.unwrap()
  return inner instanceof z.ZodObject ? inner : undefined
}

const explainIssue = (issue: z.core.$ZodIssue, origins: LoadedConfig['origins']): ParapetError => {
  const key = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const unknown = [...issue.path, issue.keys[0] ?? ''].join('.')
    const close = nearest(issue.keys[0] ?? '', keysAt(issue.path))
    const where = origins.get(unknown)?.from ?? [...origins].find(([known]) => known.startsWith(`${unknown}.`))?.[1].from
    return new ParapetError(
      'PPT_CONFIG_UNKNOWN_KEY',
      `${unknown.slice(0, 80)}${where === undefined ? '' : ` in ${where}`}; did you mean ${[...issue.path, close].join('.')}?`,
    )
  }
  const origin = origins.get(key) ?? origins.get(String(issue.path[0]))
  return new ParapetError('PPT_CONFIG_INVALID', `${key}${origin?.from === undefined ? '' : ` (from ${origin.from})`}: ${issue.message}`)
}

/**
 * Reads file, environment and options, in rising order of strength, and checks them against the one schema.
 * Throws `PPT_CONFIG_UNKNOWN_KEY`, `PPT_CONFIG_INVALID` or `PPT_BIND_CLEARTEXT`, each naming the setting and where it stands, and
 * `PPT_DATA_DIR` for a data directory that may not be looked into.
 */
export const loadConfig = async (sources: ConfigSources = {}): Promise<LoadedConfig> => {
  const env = sources.env ?? process.env
  const cwd = sources.cwd ?? process.cwd()
  checkVariables(env)
  const tree = emptyTree()
  const origins = new Map<string, { origin: Origin; from?: string }>()
  const add = (path: readonly string[], value: unknown, origin: Origin, from?: string): void => {
    put(tree, path, value)
    origins.set(path.join('.'), from === undefined ? { origin } : { origin, from })
  }
  const stated = sources.options?.['dataDir']
  const dataDir = typeof stated === 'string' && stated !== '' ? resolve(cwd, stated) : defaultDataDir(env, cwd)
  const file = sources.file ?? env['PARAPET_CONFIG'] ?? join(dataDir, 'parapet.yml')
  const explicit = sources.file !== undefined || env['PARAPET_CONFIG'] !== undefined
  const fromFile = await readConfigFile(resolve(cwd, file), explicit)
  for (const { path, value } of leaves(fromFile ?? {})) if (path.length > 0) add(path, value, 'file', file)
  for (const { name, path, read } of ENVIRONMENT) {
    const value = env[name]
    if (value !== undefined && value !== '') add(path, read(value), 'environment', name)
  }
  for (const [key, value] of Object.entries(sources.options ?? {}))
    if (value !== undefined) add(key.split('.'), value, 'option', `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  if (tree['dataDir'] === undefined) add(['dataDir'], dataDir, 'derived')
  if (typeof tree['dataDir'] === 'string' && tree['dataDir'] !== '') tree['dataDir'] = resolve(cwd, tree['dataDir'])
  if (tree['consoleDir'] === undefined) add(['consoleDir'], defaultConsoleDir(), 'derived')
  if (tree['publicUrl'] === undefined) {
    add(
      ['publicUrl'],
      `${tree['tls'] === undefined ? 'http' : 'https'}://localhost:${typeof tree['port'] === 'number' ? tree['port'] : 8_700}`,
      'derived',
    )
  }
  const parsed = configSchema.safeParse(tree)
  const issue = parsed.error?.issues[0]
  if (issue !== undefined) throw explainIssue(issue, origins)
  if (parsed.data === undefined) throw new ParapetError('PPT_CONFIG_INVALID', 'the settings cannot be read')
  assertBind(parsed.data)
  return { config: parsed.data, origins }
}

/** Settings whose URL may hold a password. */
const WITH_PASSWORD = new Set(['databaseUrl', 'notifications.smtp.url'])

/** Hides the password of a URL. */
const shown = (key: string, value: unknown): unknown => {
  if (!WITH_PASSWORD.has(key) || typeof value !== 'string' || !URL.canParse(value)) return value
  const url = new URL(value)
  if (url.password !== '') url.password = '***'
  for (const name of Array.from(url.searchParams.keys())) if (/pass/i.test(name)) url.searchParams.set(name, '***')
  return url.toString()
}

/** Every setting with its value and its origin, in the order of the schema; secrets are hidden. */
export const explainConfig = (loaded: LoadedConfig): readonly Setting[] =>
  leaves(loaded.config).map(({ path, value }) => {
    const key = path.join('.')
    const origin = loaded.origins.get(key) ?? { origin: 'default' as const }
    return Object.assign({ key, value: shown(key, value) }, origin)
  })
