import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { TABLE } from '@parapet/respond/enforcers'
import { readIfThere } from '../files/durable.js'
import { hasTable, removeTable } from '../helper/remove-table.js'
import { CONFIG_FILE } from './paths.js'
import { helperSocketText, helperUnitText, unitText } from './unit.js'

/** The user that the agent runs as. */
export const AGENT_USER = 'parapet-agent'
const STATE_DIR = '/var/lib/parapet-agent'
const UNIT = '/etc/systemd/system/parapet-agent.service'
const HELPER_SOCKET = '/etc/systemd/system/parapet-agent-helper.socket'
const HELPER_UNIT = '/etc/systemd/system/parapet-agent-helper.service'

/** One thing that an installation does: what is said before, and how it is done. */
export type Step = { readonly says: string; readonly act: () => void }

/** Where and for what an agent is installed. */
export type InstallOptions = {
  /** files go below it, and no user is made and no service started unless it is `/` */
  readonly root: string
  readonly node: string
  /** the program that the unit starts, and its helper */
  readonly program: string
  readonly helper: string
}

const FIRST_CONFIG = `# The agent of this host. Every setting: docs/reference/agent.md. Check it with: parapet agent --check
# Without inputs named here the usual logs are followed: auth.log, audit.log, nginx, apache, PostgreSQL, Redis.
stateDir: ${STATE_DIR}
# files:
#   - path: /var/log/auth.log
#   - path: /var/log/nginx/*.log
# journald: { enabled: true }
# enforce:
#   allow: [203.0.113.4]          # never denied here: your own addresses
#   nftables: { mode: enforce }   # observe until you have seen what it would drop
`

const run = (command: string, ...args: readonly string[]): void => {
  try {
    execFileSync(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new ParapetError('PPT_DATA_DIR', `${command} ${args.join(' ')} failed`, { cause: error })
  }
}

/** The number of a user and of its group in `etc/passwd` below a root; `undefined` when there is none. */
export const userOf = (root: string, name: string): { readonly uid: number; readonly gid: number } | undefined => {
  const line = (readIfThere(join(root, 'etc/passwd')) ?? '').split('\n').find((one) => one.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

const hasGroup = (root: string, name: string): boolean =>
  (readIfThere(join(root, 'etc/group')) ?? '').split('\n').some((line) => line.startsWith(`${name}:`))

/** What an installation would do, in order. Nothing is done before {@link Step.act}. What is there already stays. */
export const planInstall = ({ root, node, program, helper }: InstallOptions): readonly Step[] => {
  const real = root === '/'
  const at = (path: string): string => join(root, path)
  const steps: Step[] = []
  if (real && userOf(root, AGENT_USER) === undefined)
    steps.push({
      says: `make the system user ${AGENT_USER}, without a shell, in the groups adm and systemd-journal`,
      act: () => {
        const groups = ['adm', 'systemd-journal'].filter((name) => hasGroup(root, name))
        run(
          'useradd',
          '--system',
          '--user-group',
          '--no-create-home',
          '--home-dir',
          STATE_DIR,
          '--shell',
          '/usr/sbin/nologin',
          ...(groups.length === 0 ? [] : ['--groups', groups.join(',')]),
          AGENT_USER,
        )
      },
    })
  steps.push({
    says: `make the folder ${at(STATE_DIR)}, mode 0700: its key, its positions and its spool`,
    act: () => {
      mkdirSync(at(STATE_DIR), { recursive: true, mode: 0o700 })
      const owner = real ? userOf(root, AGENT_USER) : undefined
      if (owner !== undefined) chownSync(at(STATE_DIR), owner.uid, owner.gid)
    },
  })
  if (!existsSync(at(CONFIG_FILE)))
    steps.push({
      says: `write ${at(CONFIG_FILE)}, with the usual logs`,
      act: () => {
        mkdirSync(dirname(at(CONFIG_FILE)), { recursive: true })
        writeFileSync(at(CONFIG_FILE), FIRST_CONFIG, { mode: 0o644 })
      },
    })
  steps.push({
    says: `write the unit ${at(UNIT)}`,
    act: () => {
      mkdirSync(dirname(at(UNIT)), { recursive: true })
      writeFileSync(at(UNIT), unitText({ node, program, config: CONFIG_FILE, stateDir: STATE_DIR, user: AGENT_USER }), { mode: 0o644 })
    },
  })
  steps.push({
    says: `write the units ${at(HELPER_SOCKET)} and .service: what may change the firewall, started when the agent needs it`,
    act: () => {
      const nginx = existsSync(at('/usr/sbin/nginx')) ? '/etc/nginx' : undefined
      writeFileSync(at(HELPER_SOCKET), helperSocketText(AGENT_USER), { mode: 0o644 })
      writeFileSync(at(HELPER_UNIT), helperUnitText({ node, program: helper, config: CONFIG_FILE, nginx }), { mode: 0o644 })
    },
  })
  return steps
}

/** The step that starts the service, after enrolment; none below another root. */
export const planStart = (root: string): readonly Step[] =>
  root !== '/' || !existsSync('/run/systemd/system')
    ? []
    : [
        {
          says: 'start the service parapet-agent, now and at every boot',
          act: () => {
            run('systemctl', 'daemon-reload')
            run('systemctl', 'enable', '--now', 'parapet-agent-helper.socket', 'parapet-agent.service')
          },
        },
      ]

/** What taking the agent away would do. Settings and state stay unless `purge`. */
export const planUninstall = (root: string, purge: boolean): readonly Step[] => {
  const at = (path: string): string => join(root, path)
  const steps: Step[] = []
  if (root === '/' && existsSync('/run/systemd/system') && existsSync(at(UNIT)))
    steps.push({
      says: 'stop the service parapet-agent and its helper',
      act: () => {
        run('systemctl', 'disable', '--now', 'parapet-agent.service')
        if (existsSync(at(HELPER_SOCKET)))
          run('systemctl', 'disable', '--now', 'parapet-agent-helper.socket', 'parapet-agent-helper.service')
      },
    })
  // after the agent, which would put it back
  if (root === '/' && hasTable())
    steps.push({ says: `remove the nftables table ${TABLE}: all that is denied gets in again`, act: removeTable })
  const remove = (path: string, what: string): void => {
    if (existsSync(at(path)))
      steps.push({ says: `remove ${what} ${at(path)}`, act: () => rmSync(at(path), { recursive: true, force: true }) })
  }
  remove(UNIT, 'the unit')
  remove(HELPER_SOCKET, 'the unit')
  remove(HELPER_UNIT, 'the unit')
  if (purge) {
    remove(STATE_DIR, 'the key, the positions and everything that was not sent yet:')
    remove(CONFIG_FILE, 'the settings')
    if (root === '/' && userOf(root, AGENT_USER) !== undefined)
      steps.push({ says: `remove the user ${AGENT_USER}`, act: () => run('userdel', AGENT_USER) })
  }
  return steps
}
