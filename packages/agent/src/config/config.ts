import { hostname } from 'node:os'
import { ParapetError } from '@parapet/core'
import { parserFor } from '@parapet/detect'
import { checkEnforce, type EnforceConfig } from './enforce-config.js'
import { type HostPort, readConfigFile, readSettings, readTree } from './read-settings.js'
import { USUAL_FILES } from './settings.js'

/** How a file, or a pattern of files, is followed. */
export type FileConfig = { readonly path: string; readonly format: string; readonly from: 'start' | 'end'; readonly backlog: boolean }
/** One Redis whose ACL LOG is asked for. */
export type RedisConfig = {
  readonly address: HostPort
  readonly user: string | null
  readonly passwordFile: string | null
  readonly everySeconds: number
}

/** The settings of an agent, complete. */
export type AgentConfig = {
  readonly name: string
  readonly stateDir: string
  readonly datasets: readonly string[]
  readonly files: readonly FileConfig[]
  readonly journald: { readonly enabled: boolean; readonly units: readonly string[] }
  readonly syslog: {
    readonly udp: HostPort | null
    readonly tcp: HostPort | null
    readonly tls: HostPort | null
    readonly cert: string | null
    readonly key: string | null
    readonly connections: number
  }
  readonly docker: { readonly enabled: boolean; readonly root: string; readonly containers: readonly string[]; readonly format: string }
  readonly redis: readonly RedisConfig[]
  readonly facts: {
    readonly enabled: boolean
    readonly root: string
    readonly everySeconds: number
    readonly filesEverySeconds: number
    readonly setuidEveryMinutes: number
    readonly setuidPaths: readonly string[]
    readonly webUsers: readonly string[]
    readonly files: readonly string[]
  }
  readonly detection: { readonly enabled: boolean; readonly rulesDir: string | null }
  readonly enforce: EnforceConfig
  readonly spool: { readonly maxMiB: number; readonly maxAgeHours: number }
  readonly silentAfterMinutes: number
}

/** Reads the text of a configuration. Throws `PPT_CONFIG_INVALID` and `PPT_CONFIG_UNKNOWN_KEY`, naming place, value and fix. */
export const readConfig = (text: string, file: string): AgentConfig => {
  const tree = readTree(text, file)
  const config = readSettings(tree, file) as AgentConfig
  const bad = (detail: string): ParapetError => new ParapetError('PPT_CONFIG_INVALID', `${detail} in ${file}`)
  for (const [i, { path, format }] of config.files.entries()) {
    if ((path as string | null) === null) throw bad(`files[${i}].path is missing`)
    if (format !== 'auto') parserFor(format)
  }
  for (const [i, { address }] of config.redis.entries())
    if ((address as HostPort | null) === null) throw bad(`redis[${i}].address is missing`)
  if (config.syslog.tls !== null && (config.syslog.cert === null || config.syslog.key === null))
    throw bad('syslog.tls needs syslog.cert and syslog.key')
  checkEnforce(config.enforce, file)
  const named = config.files.length + config.redis.length > 0 || config.journald.enabled || config.docker.enabled
  const listens = config.syslog.udp !== null || config.syslog.tcp !== null || config.syslog.tls !== null
  const usual = named || listens || tree['files'] !== undefined
  return {
    ...config,
    name: tree['name'] === undefined || tree['name'] === null ? hostname() : config.name,
    files: usual ? config.files : USUAL_FILES.map((path) => ({ path, format: 'auto', from: 'end', backlog: false })),
  }
}

/**
 * The same from a file; without the file all settings are their defaults, unless somebody named it (`required`). Throws also
 * `PPT_FILE_UNREADABLE`.
 */
export const loadConfig = (file: string, required = false): AgentConfig => readConfig(readConfigFile(file, required), file)
