import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type AgentHeartbeat, type EnforcerReport, ParapetError } from '@parapet/core'
import { type AgentConfig, loadConfig } from '../config/config.js'
import { readIfThere } from '../files/durable.js'
import { enrol, readIdentity } from '../net/identity.js'
import { CONFIG_FILE } from './paths.js'
import { startAgent } from './run-agent.js'
import { VERSION } from './version.js'

/** What the commands of the agent write to and are stopped by. */
export type AgentIo = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** resolves when the program shall end */
  readonly stopped: () => Promise<void>
}

/** The settings of the file that was named, which has to be there, or of the usual one, which need not. */
export const loadNamed = (named: string | undefined): AgentConfig =>
  loadConfig(named ?? CONFIG_FILE, named !== undefined && named !== CONFIG_FILE)

/** Runs until it is stopped; with `check` it only says whether the settings are good. Throws what {@link startAgent} and `loadConfig` throw. */
export const runAction = async (
  options: { readonly config?: string | undefined; readonly check?: boolean | undefined; readonly json?: boolean | undefined },
  io: AgentIo,
): Promise<void> => {
  const file = options.config ?? CONFIG_FILE
  const config = loadNamed(options.config)
  if (options.check === true) {
    const what = existsSync(file) ? `${file}: these settings are good` : `${file} is not there: the defaults are used`
    io.out(options.json === true ? JSON.stringify(config) : `${what}; ${config.files.length} patterns of files`)
    return
  }
  const identity = readIdentity(config.stateDir)
  if (identity === undefined)
    throw new ParapetError(
      'PPT_CONFIG_INVALID',
      `${config.stateDir} holds no identity: run parapet agent enrol with the command that the console shows`,
    )
  const stopped = io.stopped()
  const agent = await startAgent(config, {
    identity,
    configFile: file,
    log: (level, message) => io.err(options.json === true ? JSON.stringify({ level, message }) : `${level}: ${message}`),
  })
  io.out(
    options.json === true
      ? JSON.stringify({ running: config.name, server: identity.server })
      : `running  ${config.name} -> ${identity.server}`,
  )
  await stopped
  await agent.stop()
}

/** What {@link enrolAction} takes. */
export type EnrolActionOptions = {
  readonly server: string
  readonly token: string
  readonly name?: string | undefined
  readonly config?: string | undefined
  readonly pin?: string | undefined
  readonly trustAuthorities?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Enrols this host. Throws what `enrol` throws. */
export const enrolAction = async (
  options: EnrolActionOptions,
  io: Pick<AgentIo, 'out'>,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> => {
  const config = loadNamed(options.config)
  const identity = await enrol({
    server: options.server,
    token: options.token,
    name: options.name ?? hostname(),
    version: VERSION,
    stateDir: config.stateDir,
    pin: options.pin,
    trustAuthorities: options.trustAuthorities === true,
    owner,
  })
  io.out(
    options.json === true
      ? JSON.stringify({ name: identity.name, server: identity.server, pin: identity.pin ?? null })
      : `${identity.name} is enrolled at ${identity.server}${identity.pin === undefined ? '' : `\npinned  ${identity.pin}`}`,
  )
}

type Status = AgentHeartbeat & {
  /** missing in what an agent before this version wrote */
  readonly enforcers?: readonly EnforcerReport[]
  readonly pid: number
  readonly sender: { readonly state: string; readonly sent: number; readonly lastError?: string }
}

/** What a running agent wrote about itself last; `running` is false when it is too old. Throws `PPT_NOT_FOUND` where none has run. */
export const readStatus = (stateDir: string, now: number): Status & { readonly running: boolean } => {
  const text = readIfThere(join(stateDir, 'status.json'))
  if (text === undefined) throw new ParapetError('PPT_NOT_FOUND', `no agent has run on ${stateDir} yet`)
  const status = JSON.parse(text) as Status
  return { ...status, running: now - status.now < 45_000 && readIfThere(join(stateDir, 'lock')) !== undefined }
}

// what a file is called can be chosen by whoever may write to a watched folder
const plain = (text: string): string => text.replaceAll(/\p{Cc}|\p{Cf}/gu, '�').slice(0, 300)

const enforcerLine = (report: EnforcerReport, now: number): string => {
  const { kind, mode, wanted, held, revision, checkedAt, repairs, refused, trouble } = report
  const what = held === null ? `would hold ${wanted} decisions` : `holds ${held} of ${wanted} decisions`
  const seen = checkedAt === null ? '' : `, compared ${Math.round((now - checkedAt) / 1_000)} s before`
  const [why] = refused
  return [
    `${kind}  ${mode}  ${what}, up to revision ${revision}${seen}`,
    ...(repairs[0] === undefined ? [] : [`repaired ${new Date(repairs[0].at).toISOString()}: ${plain(repairs[0].what)}`]),
    ...(why === undefined ? [] : [`${refused.length} refused, such as: ${plain(why.reason)}`]),
    ...(trouble === null ? [] : [`trouble: ${plain(trouble)}`]),
  ].join('\n    ')
}

/** Says how the agent of this host does; false when it does not run. */
export const statusAction = (
  options: { readonly config?: string | undefined; readonly json?: boolean | undefined },
  io: Pick<AgentIo, 'out'>,
): boolean => {
  const config = loadNamed(options.config)
  const status = readStatus(config.stateDir, Date.now())
  if (options.json === true) {
    io.out(JSON.stringify(status))
    return status.running
  }
  const { inputs, spool, rules, sender } = status
  io.out(
    `${status.running ? 'running' : 'not running'}  ${plain(status.host)}  version ${status.version}, since ${new Date(status.startedAt).toISOString()}`,
  )
  io.out(`server  ${sender.state}, ${sender.sent} events sent, ${spool.events} wait (${spool.bytes} bytes), ${spool.dropped} dropped`)
  io.out(`rules  ${rules.running} run here, ${rules.problems} cannot; ${status.alerts} alerts`)
  for (const { name, format, lines, events, unknown, dropped, error } of inputs) {
    const trouble = [dropped > 0 ? `${dropped} lost` : '', error === null ? '' : plain(error)].filter(Boolean).join(', ')
    io.out(
      `input  ${plain(name)}  ${format ?? 'format not known yet'}  ${lines} lines, ${events} events, ${unknown} unknown${trouble === '' ? '' : `  (${trouble})`}`,
    )
  }
  for (const one of status.enforcers ?? []) io.out(enforcerLine(one, status.now))
  return status.running
}
