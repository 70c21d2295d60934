import type { LogSource } from '../log-source.js'
import type { Anchoring } from '../pattern.js'

/** Where a name of Sigma's taxonomy stands in an event. `whole` is used when the value is anchored at its start. */
type Mapping = { readonly field: string; readonly whole?: string }
type Fields = Readonly<Record<string, Mapping>>

/** Names that hold for the log sources of which one part is listed; a pipeline without parts holds everywhere. */
type LogSourceFields = {
  readonly name: string
  readonly categories?: readonly string[]
  readonly products?: readonly string[]
  readonly services?: readonly string[]
  readonly fields: Fields
}

const to = (fields: Readonly<Record<string, string>>): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name.toLowerCase(), { field }]))

/**
 * The pipelines that are always on: Sigma's names as ECS. Web names (W3C extended log names) mean one thing everywhere; names such as
 * `User` only in the log sources that have them. Rules in the wild write `cs-uri-query` for the whole request target, so an open match
 * looks at all of it and an anchored one at the query. Source: Sigma taxonomy appendix.
 */
export const LOG_SOURCE_FIELDS: readonly LogSourceFields[] = [
  {
    name: 'web',
    fields: {
      ...to({
        'c-ip': 'source.ip',
        'c-uri': 'url.original',
        'c-uri-stem': 'url.path',
        'c-uri-extension': 'url.extension',
        'c-useragent': 'user_agent.original',
        'cs-bytes': 'http.request.bytes',
        'cs-cookie': 'http.request.headers.cookie',
        'cs-host': 'url.domain',
        'cs-method': 'http.request.method',
        'cs-referer': 'http.request.referrer',
        'cs-referrer': 'http.request.referrer',
        'cs-uri': 'url.original',
        'cs-uri-stem': 'url.path',
        'cs-user-agent': 'user_agent.original',
        'cs-username': 'user.name',
        'cs-version': 'http.version',
        'r-dns': 'url.domain',
        's-ip': 'destination.ip',
        's-port': 'destination.port',
        'sc-bytes': 'http.response.body.bytes',
        'sc-status': 'http.response.status_code',
        src_ip: 'source.ip',
        dst_ip: 'destination.ip',
        src_port: 'source.port',
        dst_port: 'destination.port',
      }),
      'c-uri-query': { field: 'url.original', whole: 'url.query' },
      'cs-uri-query': { field: 'url.original', whole: 'url.query' },
    },
  },
  {
    name: 'processes',
    categories: ['process_creation', 'process', 'network_connection', 'file_event', 'file_change', 'file_delete', 'file_access'],
    services: ['sysmon', 'auditd', 'sudo', 'cron'],
    fields: to({
      Image: 'process.executable',
      CommandLine: 'process.command_line',
      CurrentDirectory: 'process.working_directory',
      ProcessId: 'process.pid',
      ProcessName: 'process.name',
      ParentImage: 'process.parent.executable',
      ParentCommandLine: 'process.parent.command_line',
      ParentProcessId: 'process.parent.pid',
      ParentUser: 'process.parent.user.name',
      OriginalFileName: 'process.pe.original_file_name',
      User: 'user.name',
      LogonId: 'user.logon.id',
      Hashes: 'process.hash.sha256',
      sha256: 'process.hash.sha256',
      TargetFilename: 'file.path',
      Computer: 'host.name',
      Hostname: 'host.name',
      SourceIp: 'source.ip',
      SourcePort: 'source.port',
      DestinationIp: 'destination.ip',
      DestinationPort: 'destination.port',
      DestinationHostname: 'destination.domain',
      Protocol: 'network.transport',
    }),
  },
  {
    name: 'auditd',
    services: ['auditd'],
    fields: to({
      type: 'auditd.types',
      syscall: 'auditd.syscall',
      key: 'auditd.key',
      exe: 'process.executable',
      comm: 'process.name',
      proctitle: 'process.title',
      cwd: 'process.working_directory',
      pid: 'process.pid',
      ppid: 'process.parent.pid',
      name: 'file.path',
      uid: 'user.id',
      auid: 'user.audit.id',
      euid: 'user.effective.id',
      acct: 'user.name',
      addr: 'source.ip',
      ...Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`a${n}`, `auditd.a${n}`])),
    }),
  },
  {
    name: 'network',
    categories: ['firewall', 'network_connection', 'dns', 'dns_query'],
    fields: to({
      action: 'event.action',
      dst_host: 'destination.domain',
      query: 'dns.question.name',
      QueryName: 'dns.question.name',
      record_type: 'dns.question.type',
      answer: 'dns.answers.data',
    }),
  },
  {
    name: 'sign-ins',
    categories: ['authentication'],
    services: ['sshd', 'auth', 'pam', 'login', 'su', 'vsftpd'],
    fields: to({ User: 'user.name', username: 'user.name', rhost: 'source.ip', SourceIp: 'source.ip', hostname: 'host.name' }),
  },
  {
    name: 'applications',
    categories: ['application', 'database'],
    fields: to({
      exception: 'error.type',
      error: 'message',
      level: 'log.level',
      User: 'user.name',
      username: 'user.name',
      db_name: 'db.name',
      statement: 'db.query.text',
      query: 'db.query.text',
      uri: 'url.original',
    }),
  },
]

const holds = (pipeline: LogSourceFields, { category, product, service }: LogSource): boolean => {
  const { categories, products, services } = pipeline
  if (categories === undefined && products === undefined && services === undefined) return true
  const has = (list: readonly string[] | undefined, value: string | undefined): boolean =>
    value !== undefined && list?.includes(value) === true
  return has(categories, category) || has(products, product) || has(services, service)
}

/** The names of one log source: looked up in lower case. */
export type FieldNames = ReadonlyMap<string, Mapping>

const made = new Map<string, FieldNames>()

/** The names that hold for a log source, of all pipelines of {@link LOG_SOURCE_FIELDS}; the first pipeline that has a name wins. */
export const fieldNamesOf = (source: LogSource): FieldNames => {
  const active = LOG_SOURCE_FIELDS.filter((pipeline) => holds(pipeline, source))
  const key = active.map((pipeline) => pipeline.name).join(' ')
  const known = made.get(key)
  if (known !== undefined) return known
  const names = new Map<string, Mapping>()
  for (const { fields } of active) for (const [name, mapping] of Object.entries(fields)) if (!names.has(name)) names.set(name, mapping)
  made.set(key, names)
  return names
}

/** The event's field for a name used in a rule; a name that no pipeline knows is the event's own. */
export const eventField = (names: FieldNames, name: string, anchoring: Anchoring): string => {
  const mapping = names.get(name.toLowerCase())
  if (mapping === undefined) return name
  return anchoring === 'contains' || anchoring === 'endswith' ? mapping.field : (mapping.whole ?? mapping.field)
}
