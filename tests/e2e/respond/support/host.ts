import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertView, Decision, EnforcerView, EnrolmentMade, Page } from '@parapet/core'
import { findProgram } from '@parapet/testkit'
import { fromSource } from '../../support/agent.js'
import { root } from '../../support/control-plane.js'
import type { Network } from '../../support/network.js'
import { eventually, type Program, run, startProgram } from '../../support/processes.js'

/** A host of a test's network with a control plane, an agent that acts, an sshd and an nginx, all real. */
export type Host = {
  readonly dataDir: string
  /** calls the API of the control plane from the host itself, with the admin's token unless another is given */
  api: <T>(path: string, options?: { readonly method?: string; readonly body?: unknown; readonly token?: string }) => Promise<T>
  /** the same, with the status and the text of the answer whatever they are */
  ask: (path: string, options?: { readonly method?: string; readonly body?: unknown; readonly token?: string }) => Answer
  /** runs a command on the host and gives what it printed */
  on: (...words: readonly string[]) => string
  parapet: (...words: readonly string[]) => string
  agent: () => Program
  server: () => Program
  startServer: () => Promise<void>
  startAgent: () => Promise<void>
  /** every address that the firewall of the host drops, IPv6 by its /64 */
  dropped: () => readonly string[]
  alertsOn: (address: string) => Promise<readonly AlertView[]>
  decisionsOn: (target: string) => Promise<readonly Decision[]>
  enforcer: (kind: EnforcerView['kind']) => Promise<EnforcerView | undefined>
  /** the owner frees the host by hand */
  release: () => void
  authLog: string
  stop: () => Promise<void>
}

/** What came back of a call. */
export type Answer = { readonly status: number; readonly text: string }

/** The port of the host's sshd and of its nginx. */
export const SSH = 22
export const WEB = 80

const SERVE = 'http://localhost:8700'

const startSshd = (prefix: readonly [string, ...string[]], place: string, authLog: string): Program => {
  run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(place, 'host_key'))
  mkdirSync('/run/sshd', { recursive: true })
  writeFileSync(
    join(place, 'sshd_config'),
    `Port ${SSH}\nHostKey ${join(place, 'host_key')}\nPidFile ${join(place, 'sshd.pid')}\nUsePAM no\nPasswordAuthentication yes\nLogLevel VERBOSE\nAuthorizedKeysFile none\nMaxStartups 200\n`,
  )
  const [command, ...args] = prefix
  // sshd writes to its own log without a stamp and a host; the syslog daemon adds both, here a few words of shell do
  return startProgram(command, [
    ...args,
    'sh',
    '-c',
    `exec ${findProgram('sshd')} -D -e -f ${join(place, 'sshd_config')} 2>&1 | while IFS= read -r line; do printf '%s web-1 sshd[%s]: %s\\n' "$(date '+%b %e %H:%M:%S')" "$$" "$line" >> ${authLog}; done`,
  ])
}

const startWeb = (prefix: readonly [string, ...string[]], place: string, accessLog: string): Program => {
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(place, name)};`).join(' ')
  writeFileSync(
    join(place, 'nginx.conf'),
    `daemon off;\nuser root;\nworker_processes 1;\npid ${join(place, 'nginx.pid')};\nevents {}\nhttp { ${temps}\naccess_log ${accessLog} combined;\nserver { listen 0.0.0.0:${WEB}; listen [::]:${WEB} ipv6only=on; location / { return 204; } } }\n`,
  )
  const [command, ...args] = [...prefix, findProgram('nginx') ?? 'nginx']
  return startProgram(command, [...args, '-c', join(place, 'nginx.conf'), '-p', place, '-e', join(place, 'error.log')])
}

/** Sets the host up: control plane, agent enrolled with a one-time token and enforcing, sshd and nginx. `settings` go into agent.yml, `config` into parapet.yml. */
export const startHost = async (
  network: Network,
  name: string,
  place: string,
  options: {
    readonly settings?: string
    readonly config?: string
    readonly agent?: boolean
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<Host> => {
  const prefix = network.on(name)
  const [command, ...words] = prefix
  const dataDir = join(place, 'data')
  const logs = join(place, 'logs')
  const stateDir = join(place, 'agent')
  const agentConfig = join(place, 'agent.yml')
  const authLog = join(logs, 'auth.log')
  for (const folder of [dataDir, logs]) mkdirSync(folder, { recursive: true })
  chmodSync(logs, 0o777)
  if (options.config !== undefined) writeFileSync(join(dataDir, 'parapet.yml'), options.config)
  writeFileSync(authLog, '')
  const programs: Program[] = []
  let server: Program
  let agent: Program
  const on: Host['on'] = (...line) => run(command, ...words, ...line)

  const startServer = async (): Promise<void> => {
    const [node, ...args] = fromSource('tests/e2e/support/server-main.ts')
    server = startProgram(command, [...words, node, ...args, 'serve'], {
      cwd: root,
      env: { PARAPET_DATA_DIR: dataDir, PARAPET_PORT: '8700', ...options.env },
    })
    await server.waitFor(/^listening {2}/m, 120_000)
  }
  const startAgent = async (): Promise<void> => {
    const [node, ...args] = fromSource('tests/e2e/support/agent-main.ts')
    agent = startProgram(command, [...words, node, ...args, 'run', '--config', agentConfig], { cwd: root })
    await agent.waitFor(/^running /m, 120_000)
  }
  await startServer()
  const admin = readFileSync(join(dataDir, 'local-token'), 'utf8').trim()
  const ask: Host['ask'] = (path, { method, body, token = admin } = {}) => {
    const more = body === undefined ? [] : ['--header', 'content-type: application/json', '--data-binary', JSON.stringify(body)]
    const out = on(
      'curl', '--silent', '--max-time', '30', '--write-out', '\n%{http_code}', '--request', method ?? (body === undefined ? 'GET' : 'POST'),
      '--header', `authorization: Bearer ${token}`, ...more, `${SERVE}${path}`,
    ) // prettier-ignore
    const at = out.lastIndexOf('\n')
    return { status: Number(out.slice(at + 1)), text: out.slice(0, at) }
  }
  const api: Host['api'] = async <T>(path: string, given: Parameters<Host['ask']>[1] = {}): Promise<T> => {
    const { status, text } = ask(path, given)
    if (status >= 300) throw new Error(`${given.method ?? ''} ${path} -> ${status} ${text.slice(0, 500)}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  if (options.agent !== false) {
    writeFileSync(
      agentConfig,
      `name: web-1\nstateDir: ${stateDir}\nfiles:\n  - {path: ${authLog}, format: sshd, from: start}\n  - {path: ${logs}/access.log, format: nginx.access, from: start}\nfacts: {enabled: false}\n${options.settings ?? 'enforce:\n  nftables: {mode: enforce}\n'}`,
    )
    const made = await api<EnrolmentMade>('/v1/enrolments', { body: { name: 'web-1' } })
    const [node, ...args] = fromSource('tests/e2e/support/agent-main.ts')
    on(node, ...args, 'enrol', '--server', SERVE, '--token', made.token, '--config', agentConfig)
    await startAgent()
    programs.push(startSshd(prefix, place, authLog), startWeb(prefix, place, join(logs, 'access.log')))
    await eventually(() => (readFileSync(authLog, 'utf8').includes('listening') ? true : undefined), 'sshd listens')
  }

  const [, , ...sourceRun] = fromSource('tests/e2e/support/server-main.ts')
  return {
    dataDir,
    api,
    ask,
    on,
    parapet: (...line) =>
      on(
        'env',
        `PARAPET_DATA_DIR=${dataDir}`,
        `PARAPET_URL=${SERVE}`,
        'NO_COLOR=1',
        process.execPath,
        '--conditions=source',
        ...sourceRun,
        ...line,
      ),
    agent: () => agent,
    server: () => server,
    startServer,
    startAgent,
    dropped: () => {
      const listed = JSON.parse(on('nft', '-j', 'list', 'table', 'inet', 'parapet')) as { nftables: readonly NftItem[] }
      return listed.nftables.flatMap(({ set }) =>
        set === undefined || !/^(?:ban|range)/.test(set.name) ? [] : (set.elem ?? []).filter(hasEnd).map(elementText),
      )
    },
    alertsOn: async (address) =>
      (await api<Page<AlertView>>('/v1/alerts?limit=200')).items.filter(({ targets }) => targets.includes(address)),
    decisionsOn: async (target) => (await api<Page<Decision>>(`/v1/decisions?state=all&target=${encodeURIComponent(target)}`)).items,
    enforcer: async (kind) =>
      (await api<{ items: readonly EnforcerView[] }>('/v1/enforcers')).items.find((enforcer) => enforcer.kind === kind),
    release: () => {
      const [node, ...args] = fromSource('tests/e2e/support/agent-main.ts')
      on(node, ...args, 'release', '--yes', '--config', agentConfig)
    },
    authLog,
    stop: async () => {
      await agent?.stop()
      for (const program of programs.toReversed()) await program.stop()
      await server.stop()
    },
  }
}

type NftElement =
  | string
  | { readonly elem?: { readonly val: NftElement }; readonly prefix?: { readonly addr: string; readonly len: number } }
type NftItem = { readonly set?: { readonly name: string; readonly elem?: readonly NftElement[] } }

/** Every ban ends; what has no end is the mark by which the agent sees that a set was emptied. */
const hasEnd = (element: NftElement): boolean => typeof element === 'object' && element.elem !== undefined

const elementText = (element: NftElement): string => {
  if (typeof element === 'string') return element
  if (element.prefix !== undefined) return `${element.prefix.addr}/${element.prefix.len}`
  return element.elem === undefined ? JSON.stringify(element) : elementText(element.elem.val)
}

/** A client that opens connections again and again, and what became of them. */
export type Knocking = {
  readonly program: Program
  /** when the state of a target was last another one, ms UTC: the first try in the state it is in now; undefined before any */
  since: (target: string, state: 'open' | 'closed') => number | undefined
}

/** Starts knocking from a host, every 40 ms. */
export const knockFrom = async (network: Network, name: string, targets: readonly string[]): Promise<Knocking> => {
  const [command, ...words] = network.on(name)
  const program = startProgram(command, [...words, process.execPath, join(root, 'tests/e2e/respond/support/knock.js'), '40', ...targets])
  await program.waitFor(/knocking/)
  return {
    program,
    since: (target, state) => {
      const tries = program
        .output()
        .split('\n')
        .map((line) => line.split(' '))
        .filter(([, to, how]) => to === target && (how === 'open' || how === 'closed'))
        .map(([at, , how]) => ({ at: Number(at), how }))
        .toSorted((a, b) => a.at - b.at)
      const last = tries.findLastIndex(({ how }) => how !== state)
      return tries.length === last + 1 ? undefined : tries[last + 1]?.at
    },
  }
}
