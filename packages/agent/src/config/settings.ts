/** How a value is checked. */
export type SettingKind = 'text' | 'path' | 'flag' | 'number' | 'list' | 'address'

/** One setting of the file: its place, what it takes, what it is when left out, and what it is for. */
export type Setting = {
  /** with dots; `[]` marks a list of maps */
  readonly key: string
  readonly kind: SettingKind
  readonly fallback: string | number | boolean | readonly string[] | null
  readonly means: string
  /** numbers: inclusive */
  readonly least?: number
  readonly most?: number
  /** texts: one of these */
  readonly oneOf?: readonly string[]
}

/** Every setting of the agent. The reference page is made of this list. */
export const SETTINGS: readonly Setting[] = [
  { key: 'name', kind: 'text', fallback: null, means: 'what this host calls itself in its events; its own name when left out' },
  { key: 'stateDir', kind: 'path', fallback: '/var/lib/parapet-agent', means: 'keys, positions and the spool; only the agent may read it' },
  { key: 'datasets', kind: 'list', fallback: [], means: 'only events of these datasets are kept and sent, such as `sshd`; all when empty' },
  {
    key: 'files[].path',
    kind: 'path',
    fallback: null,
    means: 'a log file, or a pattern with `*` and `?`; rotated names are found by themselves',
  },
  { key: 'files[].format', kind: 'text', fallback: 'auto', means: 'the name of a parser, or `auto`' },
  {
    key: 'files[].from',
    kind: 'text',
    fallback: 'end',
    oneOf: ['end', 'start'],
    means: 'where a file begins that was there before the agent first saw it',
  },
  { key: 'files[].backlog', kind: 'flag', fallback: false, means: 'read rotated files, compressed ones too, once at the first start' },
  { key: 'journald.enabled', kind: 'flag', fallback: false, means: "follow systemd's journal with journalctl" },
  { key: 'journald.units', kind: 'list', fallback: [], means: 'only these units; all when empty' },
  { key: 'syslog.udp', kind: 'address', fallback: null, means: 'take syslog datagrams here, such as `127.0.0.1:5514`' },
  { key: 'syslog.tcp', kind: 'address', fallback: null, means: 'take syslog over TCP here' },
  { key: 'syslog.tls', kind: 'address', fallback: null, means: 'take syslog over TLS here; needs `cert` and `key`' },
  { key: 'syslog.cert', kind: 'path', fallback: null, means: 'certificate chain, PEM' },
  { key: 'syslog.key', kind: 'path', fallback: null, means: 'private key, PEM' },
  {
    key: 'syslog.connections',
    kind: 'number',
    fallback: 64,
    least: 1,
    most: 4096,
    means: 'connections at once; more are refused and counted',
  },
  { key: 'docker.enabled', kind: 'flag', fallback: false, means: 'read the logs of containers (driver json-file)' },
  { key: 'docker.root', kind: 'path', fallback: '/var/lib/docker/containers', means: 'where Docker keeps them' },
  { key: 'docker.containers', kind: 'list', fallback: ['*'], means: 'names of containers, with `*` and `?`' },
  { key: 'docker.format', kind: 'text', fallback: 'docker', means: 'the parser of their logs; `docker` looks into each message' },
  { key: 'redis[].address', kind: 'address', fallback: null, means: 'ask this Redis for its ACL LOG' },
  { key: 'redis[].user', kind: 'text', fallback: null, means: 'an ACL user that may run `ACL LOG` and nothing else' },
  { key: 'redis[].passwordFile', kind: 'path', fallback: null, means: 'its password, in a file of its own' },
  { key: 'redis[].everySeconds', kind: 'number', fallback: 10, least: 1, most: 3600, means: 'how often it is asked' },
  {
    key: 'facts.enabled',
    kind: 'flag',
    fallback: true,
    means: 'tell of changes of this host: listeners, destinations, cron, units, files',
  },
  { key: 'facts.root', kind: 'path', fallback: '/', means: 'the root of the tree that is looked at' },
  {
    key: 'facts.everySeconds',
    kind: 'number',
    fallback: 15,
    least: 1,
    most: 3600,
    means: 'how often listeners and connections are looked at',
  },
  {
    key: 'facts.filesEverySeconds',
    kind: 'number',
    fallback: 60,
    least: 1,
    most: 86_400,
    means: 'how often cron, units, keys and configuration files are',
  },
  {
    key: 'facts.setuidEveryMinutes',
    kind: 'number',
    fallback: 360,
    least: 1,
    most: 10_080,
    means: 'how often setuid and setgid files are looked for',
  },
  {
    key: 'facts.setuidPaths',
    kind: 'list',
    fallback: ['/bin', '/sbin', '/usr', '/opt', '/home', '/tmp', '/var/tmp', '/dev/shm'],
    means: 'where they are looked for',
  },
  { key: 'facts.webUsers', kind: 'list', fallback: ['www-data', 'nginx', 'apache', 'http'], means: 'users whose new processes are told' },
  { key: 'facts.files', kind: 'list', fallback: [], means: 'further configuration files to watch, with `*` and `?`' },
  { key: 'detection.enabled', kind: 'flag', fallback: true, means: 'run the rules that this host alone decides, and send their alerts' },
  { key: 'detection.rulesDir', kind: 'path', fallback: null, means: 'a folder of own Sigma rules beside the built-in ones' },
  {
    key: 'enforce.allow',
    kind: 'list',
    fallback: [],
    means: 'addresses and ranges that are never denied on this host, whatever is decided',
  },
  {
    key: 'enforce.operators',
    kind: 'list',
    fallback: [],
    means: 'users of this host whose SSH sessions keep their address from being denied while they last',
  },
  {
    key: 'enforce.helper',
    kind: 'path',
    fallback: '/run/parapet-agent/helper.sock',
    means: 'the socket of the helper that may change the firewall',
  },
  {
    key: 'enforce.nftables.mode',
    kind: 'text',
    fallback: 'observe',
    oneOf: ['off', 'observe', 'enforce'],
    means: 'drop packets of denied addresses with nftables; `observe` only says what would be dropped. The control plane cannot change it',
  },
  {
    key: 'enforce.nftables.most',
    kind: 'number',
    fallback: 100_000,
    least: 1,
    most: 1_000_000,
    means: 'decisions that the firewall holds at most; the oldest stay',
  },
  {
    key: 'enforce.nftables.lockdown',
    kind: 'flag',
    fallback: false,
    means: 'let a lockdown of the modes `allow_list` and `all` drop every new connection to this host but those of `enforce.allow`',
  },
  {
    key: 'enforce.nginx.mode',
    kind: 'text',
    fallback: 'observe',
    oneOf: ['off', 'observe', 'enforce'],
    means:
      'refuse denied addresses at the nginx of this host by an include; `observe` only says what would be refused. The control plane cannot change it',
  },
  {
    key: 'enforce.nginx.include',
    kind: 'path',
    fallback: '/etc/nginx/parapet-denied.conf',
    means: 'the file that the helper writes and nginx includes',
  },
  { key: 'enforce.nginx.config', kind: 'path', fallback: null, means: "nginx's own configuration, where it is not the usual one" },
  {
    key: 'enforce.nginx.everySeconds',
    kind: 'number',
    fallback: 5,
    least: 1,
    most: 3600,
    means: 'the least time between two reloads; a change after a quiet time does not wait',
  },
  {
    key: 'enforce.nginx.most',
    kind: 'number',
    fallback: 20_000,
    least: 1,
    most: 100_000,
    means: 'ranges in the include; the newest decisions win',
  },
  {
    key: 'enforce.nginx.status',
    kind: 'address',
    fallback: null,
    means:
      'where nginx answers `$parapet_generation`, such as `127.0.0.1:8702`: only with it is known that the running nginx has the newest include',
  },
  {
    key: 'spool.maxMiB',
    kind: 'number',
    fallback: 256,
    least: 1,
    most: 1_048_576,
    means: 'the most that waits on disk while the control plane is away; the oldest requests are dropped first',
  },
  { key: 'spool.maxAgeHours', kind: 'number', fallback: 168, least: 1, most: 8_760, means: 'what is older is dropped' },
  {
    key: 'silentAfterMinutes',
    kind: 'number',
    fallback: 60,
    least: 1,
    most: 10_080,
    means: 'an input that spoke before and has been silent for so long is told',
  },
]

/** The files that are followed when the file names no input: those of them that are there, or come. */
export const USUAL_FILES: readonly string[] = [
  '/var/log/auth.log',
  '/var/log/secure',
  '/var/log/audit/audit.log',
  '/var/log/nginx/*.log',
  '/var/log/apache2/*.log',
  '/var/log/httpd/*_log',
  '/var/log/postgresql/*.log',
  '/var/log/redis/*.log',
]
