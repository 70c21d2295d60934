import { oneEditApart } from './near-miss.js'
import { quote, RuleFault } from './problem.js'
import { asMap, textOf } from './read-node.js'
import type { YamlNode } from './yaml-tree.js'

/** Which events a rule reads. Absent parts match everything. */
export type LogSource = { readonly category?: string; readonly product?: string; readonly service?: string }

const PARTS = ['category', 'product', 'service'] as const

/** A rule may name anything, `constructor` too: names are looked up in maps, never in objects. */
const table = (entries: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(entries))

/** Sigma's log source categories by the `event.category` of our events. */
const CATEGORIES: ReadonlyMap<string, readonly string[]> = table({
  webserver: ['web'],
  proxy: ['web'],
  web: ['web'],
  application: ['application', 'web', 'process', 'database'],
  database: ['database', 'authentication'],
  authentication: ['authentication'],
  session: ['session'],
  iam: ['iam'],
  firewall: ['network'],
  network_connection: ['network'],
  network: ['network'],
  process_creation: ['process'],
  file_event: ['file', 'configuration'],
  file_change: ['file', 'configuration'],
  file_delete: ['file', 'configuration'],
  file_access: ['file'],
  configuration: ['configuration'],
})

/** Sigma's services by the `event.dataset` of our events; a dataset matches when it is one of these or begins with one and a dot. */
const SERVICES: ReadonlyMap<string, readonly string[]> = table({
  auth: ['sshd', 'sudo', 'su', 'pam', 'login'],
  sshd: ['sshd'],
  sudo: ['sudo'],
  cron: ['cron', 'host.cron'],
  syslog: ['syslog', 'journald', 'sshd', 'sudo', 'su', 'pam', 'login', 'cron', 'systemd', 'accounts'],
  systemd: ['systemd', 'host.unit'],
  sysmon: ['sysmon', 'host.process', 'auditd'],
  nginx: ['nginx'],
  apache: ['apache'],
  haproxy: ['haproxy'],
  caddy: ['caddy'],
  traefik: ['traefik'],
  postgresql: ['postgresql'],
  redis: ['redis'],
  guard: ['guard'],
})

/** Sigma's products by `event.dataset`; `linux` is where all our host parsers read, the languages where applications write. */
const PRODUCTS: ReadonlyMap<string, readonly string[]> = table({
  linux: ['sshd', 'sudo', 'su', 'pam', 'login', 'accounts', 'cron', 'systemd', 'auditd', 'syslog', 'journald', 'sysmon', 'host', 'linux'],
  nginx: ['nginx'],
  apache: ['apache'],
  django: ['django'],
  python: ['python', 'django', 'gunicorn', 'json', 'logfmt', 'docker'],
  nodejs: ['nodejs', 'pino', 'json', 'logfmt', 'docker', 'guard'],
  ruby_on_rails: ['ruby_on_rails', 'json', 'logfmt', 'docker'],
  spring: ['spring', 'json', 'logfmt', 'docker'],
  jvm: ['jvm', 'json', 'logfmt', 'docker'],
  velocity: ['velocity', 'json', 'logfmt', 'docker'],
  sql: ['postgresql', 'mysql', 'json', 'logfmt', 'docker'],
  postgresql: ['postgresql'],
  redis: ['redis'],
  parapet: ['guard'],
})

const under = (dataset: string, roots: readonly string[]): boolean =>
  roots.some((root) => dataset === root || dataset.startsWith(`${root}.`))

/** Reads `logsource`. Custom names are kept: they match `event.category` and `event.dataset` by themselves; other keys are for readers. */
export const readLogSource = (node: YamlNode): LogSource => {
  const map = asMap(node, 'logsource')
  const source: { category?: string; product?: string; service?: string } = {}
  for (const { key, line } of map.entries) {
    const meant = PARTS.find((part) => oneEditApart(part, key.toLowerCase()))
    if (meant !== undefined) throw new RuleFault(line, `logsource has no ${quote(key)}; did you mean ${meant}?`)
  }
  for (const key of PARTS) {
    const text = textOf(map, key)
    if (text !== undefined) source[key] = text.toLowerCase()
  }
  if (Object.keys(source).length === 0) throw new RuleFault(map.line, 'logsource needs a category, a product or a service')
  return source
}

/** True when events of this category and dataset are of the log source. */
export const matchesLogSource = (source: LogSource, category: string, dataset: string): boolean => {
  if (source.category !== undefined && !(CATEGORIES.get(source.category) ?? [source.category]).includes(category)) return false
  if (source.service !== undefined && !under(dataset, SERVICES.get(source.service) ?? [source.service])) return false
  return source.product === undefined || under(dataset, PRODUCTS.get(source.product) ?? [source.product])
}
