import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { basename, join } from 'node:path'

const SHARE = '/usr/share/crowdsec'
const PARSERS = {
  's00-raw': ['syslog-logs'],
  's01-parse': ['nginx-logs', 'sshd-logs'],
  's02-enrich': ['dateparse-enrich', 'http-logs'],
} as const
/** The collections `nginx`, `base-http-scenarios` and `sshd` of its hub as Debian ships it, without the collection of single CVEs. */
const SCENARIOS = [
  'nginx-req-limit-exceeded',
  'http-crawl-non_statics',
  'http-probing',
  'http-bad-user-agent',
  'http-path-traversal-probing',
  'http-sensitive-files',
  'http-sqli-probing',
  'http-xss-probing',
  'http-backdoors-attempts',
  'http-generic-bf',
  'http-open-proxy',
  'ssh-bf',
  'ssh-slow-bf',
] as const

/** CrowdSec in a folder of its own. `overflows` counts the alerts that it sent. */
export type Crowdsec = {
  readonly args: (file: string, type: string) => string[]
  readonly overflows: () => number
  readonly close: () => void
}

/** Stands in for its local API, which takes the alerts: CrowdSec does not run without one. */
const startApi = (took: (alerts: number) => void): Promise<{ server: Server; port: number }> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const answer = (status: number, value: unknown): void => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(value))
        }
        if (request.url?.endsWith('/login') === true)
          return answer(200, { code: 200, expire: new Date(Date.now() + 3_600_000).toISOString(), token: 'e30.e30.e30' })
        if (request.url?.includes('/alerts') !== true) return answer(200, {})
        const alerts: unknown = JSON.parse(body)
        const count = Array.isArray(alerts) ? alerts.length : 0
        took(count)
        answer(
          201,
          Array.from({ length: count }, (_, i) => String(i)),
        )
      })
    })
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 })
    })
  })

/** Sets it up with what Debian's package brings; `undefined` when its hub is not there. */
export const createCrowdsec = async (folder: string): Promise<Crowdsec | undefined> => {
  if (!existsSync(join(SHARE, 'hub/scenarios/crowdsecurity'))) return undefined
  const [config, data, hub] = ['config', 'data', 'hub'].map((name) => join(folder, 'crowdsec', name)) as [string, string, string]
  for (const place of [config, data]) mkdirSync(place, { recursive: true })
  cpSync(join(SHARE, 'hub'), hub, { recursive: true })
  cpSync('/etc/crowdsec/patterns', join(config, 'patterns'), { recursive: true })
  for (const file of readdirSync(join(SHARE, 'data'))) copyFileSync(join(SHARE, 'data', file), join(data, file))
  const enable = (kind: string, name: string, to: string): string => {
    const from = join(hub, kind, 'crowdsecurity', `${name}.yaml`)
    mkdirSync(join(config, to), { recursive: true })
    symlinkSync(from, join(config, to, `${name}.yaml`))
    return from
  }
  for (const [stage, names] of Object.entries(PARSERS)) for (const name of names) enable(`parsers/${stage}`, name, `parsers/${stage}`)
  for (const name of SCENARIOS) {
    const text = readFileSync(enable('scenarios', name, 'scenarios'), 'utf8')
    // a scenario names where its data came from, and under which name it looks for them
    for (const [, source = '', wanted = ''] of text.matchAll(/source_url: (\S+)\s+dest_file: (\S+)/g)) {
      const shipped = join(data, basename(source))
      if (basename(source) !== wanted && existsSync(shipped)) copyFileSync(shipped, join(data, wanted))
    }
  }
  let overflows = 0
  const { server, port } = await startApi((count) => (overflows += count))
  writeFileSync(join(config, 'simulation.yaml'), 'simulation: false\n')
  writeFileSync(join(config, 'credentials.yaml'), `url: http://127.0.0.1:${port}/\nlogin: bench\npassword: bench\n`)
  const paths = {
    config_dir: config,
    data_dir: data,
    simulation_path: join(config, 'simulation.yaml'),
    hub_dir: hub,
    index_path: join(hub, '.index.json'),
    notification_dir: config,
    plugin_dir: config,
  }
  const settings = {
    common: { daemonize: false, log_media: 'stdout', log_level: 'info', working_dir: '.' },
    config_paths: paths,
    crowdsec_service: { parser_routines: 1 },
    db_config: { type: 'sqlite', db_path: join(data, 'crowdsec.db'), log_level: 'info' },
    api: { client: { credentials_path: join(config, 'credentials.yaml') }, server: { enable: false } },
    prometheus: { enabled: false },
  }
  const file = join(folder, 'crowdsec', 'config.yaml')
  // JSON is YAML
  writeFileSync(file, JSON.stringify(settings))
  return {
    args: (log, type) => ['-c', file, '-dsn', `file://${log}`, '-type', type, '-no-api'],
    overflows: () => overflows,
    close: () => server.close(),
  }
}
