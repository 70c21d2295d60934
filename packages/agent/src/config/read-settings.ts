import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { nearest, ParapetError } from '@parapet/core'
import { parse } from 'yaml'
import { type Setting, SETTINGS } from './settings.js'

/** Where something listens or is reached. */
export type HostPort = { readonly host: string; readonly port: number }

/** A map of settings as it was read. */
export type Plain = { readonly [key: string]: unknown }

const isMap = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)
const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 60) ?? 'nothing'

const readAddress = (text: string): HostPort | undefined => {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replaceAll(/^\[|\]$/g, '')
  const port = Number(text.slice(at + 1))
  return at > 0 && host !== '' && /^\d{1,5}$/.test(text.slice(at + 1)) && port <= 65_535 ? { host, port } : undefined
}

/** What one value is, or what it should be. */
const readValue = (setting: Setting, value: unknown): { readonly value: unknown } | { readonly takes: string } => {
  if (value === null || value === undefined) return { value: setting.fallback }
  switch (setting.kind) {
    case 'flag':
      return typeof value === 'boolean' ? { value } : { takes: 'true or false' }
    case 'number': {
      const { least = 0, most = Number.MAX_SAFE_INTEGER } = setting
      return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? { value }
        : { takes: `a whole number from ${least} to ${most}` }
    }
    case 'list':
      return Array.isArray(value) &&
        value.every((one) => typeof one === 'string' && one.length > 0 && one.length <= 4_096) &&
        value.length <= 1_000
        ? { value }
        : { takes: 'a list of texts' }
    case 'address': {
      const address = typeof value === 'string' ? readAddress(value) : undefined
      return address === undefined ? { takes: 'an address and a port, such as 127.0.0.1:5514' } : { value: address }
    }
    case 'path':
      return typeof value === 'string' && isAbsolute(value) && value.length <= 4_096 && !value.includes('\0')
        ? { value }
        : { takes: 'an absolute path' }
    case 'text':
      if (setting.oneOf !== undefined)
        return typeof value === 'string' && setting.oneOf.includes(value) ? { value } : { takes: setting.oneOf.join(' or ') }
      return typeof value === 'string' && value !== '' && value.length <= 256 ? { value } : { takes: 'a text' }
    default:
      return { takes: 'nothing' }
  }
}

const KEYS = SETTINGS.map(({ key }) => key)

/** Keys that may stand below `prefix`: settings, and the maps that hold some. */
const keysBelow = (prefix: string): readonly string[] => [
  ...new Set(KEYS.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length).split(/\.|\[\]/, 1)[0] ?? '')),
]

/** Reads one level: `prefix` is '' or ends with a dot; `where` is the place as a person writes it. */
const readMap = (map: Plain, prefix: string, where: string, file: string): Plain => {
  const known = keysBelow(prefix)
  for (const key of Object.keys(map)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    throw new ParapetError(
      'PPT_CONFIG_UNKNOWN_KEY',
      `${where}${key.slice(0, 60)} in ${file}${near === undefined ? '' : `; did you mean ${where}${near}?`}`,
    )
  }
  const invalid = (key: string, value: unknown, takes: string): ParapetError =>
    new ParapetError('PPT_CONFIG_INVALID', `${where}${key} in ${file} is ${shown(value)}; it takes ${takes}`)
  const result: Record<string, unknown> = {}
  for (const key of known) {
    const given = map[key]
    const setting = SETTINGS.find((one) => one.key === `${prefix}${key}`)
    if (setting !== undefined) {
      const read = readValue(setting, given)
      if ('takes' in read) throw invalid(key, given, read.takes)
      result[key] = read.value
    } else if (KEYS.some((one) => one.startsWith(`${prefix}${key}[]`))) {
      if (given !== undefined && given !== null && !Array.isArray(given)) throw invalid(key, given, 'a list')
      result[key] = ((given ?? []) as readonly unknown[]).map((one, i) => {
        if (!isMap(one)) throw invalid(`${key}[${i}]`, one, 'a map')
        return readMap(one, `${prefix}${key}[].`, `${where}${key}[${i}].`, file)
      })
    } else {
      if (given !== undefined && given !== null && !isMap(given)) throw invalid(key, given, 'a map')
      result[key] = readMap(given ?? {}, `${prefix}${key}.`, `${where}${key}.`, file)
    }
  }
  return result
}

/** Reads YAML. Throws `PPT_CONFIG_INVALID` when it is none, or no map. */
export const readTree = (text: string, file: string): Plain => {
  let tree: unknown
  try {
    tree = parse(text) ?? {}
  } catch (error) {
    throw new ParapetError(
      'PPT_CONFIG_INVALID',
      `${file} is no YAML: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : ''}`,
    )
  }
  if (!isMap(tree)) throw new ParapetError('PPT_CONFIG_INVALID', `${file} must be a map of settings`)
  return tree
}

/** All settings of a tree, with what is left out. Throws `PPT_CONFIG_INVALID` and `PPT_CONFIG_UNKNOWN_KEY`, naming place, value and fix. */
export const readSettings = (tree: Plain, file: string): Plain => readMap(tree, '', '', file)

/** The text of a file of settings; none when it is not there, unless it is `required`. Throws `PPT_FILE_UNREADABLE`. */
export const readConfigFile = (file: string, required = false): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && !required) return ''
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ParapetError('PPT_FILE_UNREADABLE', `${file}${reason}`, { cause: error })
  }
}
