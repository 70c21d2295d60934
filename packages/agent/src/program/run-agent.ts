import { join } from 'node:path'
import { type AgentHeartbeat, type Clock, ParapetError, systemClock } from '@parapet/core'
import { createClient } from '@parapet/client'
import { createMasker } from '@parapet/privacy'
import type { AgentConfig } from '../config/config.js'
import { startEnforcement } from '../enforce/start-enforcement.js'
import { replaceFile } from '../files/durable.js'
import { createControlPlane } from '../net/control-plane.js'
import { fetchFor, type Identity } from '../net/identity.js'
import { createAlertQueue } from '../pipeline/alert-queue.js'
import { createMaskEvent } from '../pipeline/masked.js'
import { createPipeline } from '../pipeline/pipeline.js'
import { openDiskSpool } from '../spool/disk-spool.js'
import { readAlerts, readCheckpoint, writeAlerts, writeCheckpoint } from './checkpoint.js'
import type { AgentLog } from './agent-log.js'
import { createHostEngine } from './host-engine.js'
import { openInputs } from './open-inputs.js'
import { createOwnEvents } from './own-events.js'
import { CONFIG_FILE } from './paths.js'
import { lockState } from './state-lock.js'
import { VERSION } from './version.js'

/** A running agent. */
export type Agent = {
  /** stops reading, brings all that was read to disk and tries for three seconds to send it */
  stop: () => Promise<void>
  health: () => AgentHeartbeat
}

/** What {@link startAgent} takes beside the settings. Times in ms. */
export type AgentDeps = {
  readonly identity: Identity
  readonly log: AgentLog
  readonly clock?: Clock
  readonly heartbeatMs?: number
  readonly checkpointMs?: number
  /** where the settings were read from, for a helper that this agent starts */
  readonly configFile?: string
  readonly helperCommand?: readonly [string, ...string[]]
}

const HEARTBEAT_MS = 15_000
const CHECKPOINT_MS = 500
const ENGINE_MS = 30_000
const PUMP_MS = 500

/**
 * Starts the agent: opens the spool and what was kept, then the rules, then every input. Throws `PPT_CONFLICT` when another agent works on the
 * same folder, `PPT_CONFIG_INVALID`, `PPT_FILE_UNREADABLE`.
 */
export const startAgent = async (config: AgentConfig, deps: AgentDeps): Promise<Agent> => {
  const { identity, log } = deps
  const clock = deps.clock ?? systemClock
  const { stateDir } = config
  const unlock = lockState(stateDir)
  const startedAt = clock()
  const { saved, damaged } = readCheckpoint(stateDir)
  if (damaged) log('error', 'the kept positions cannot be read: files are read as at a first start')
  const spool = openDiskSpool(
    join(stateDir, 'spool'),
    { maxBytes: config.spool.maxMiB * 1_048_576, maxAgeMs: config.spool.maxAgeHours * 3_600_000 },
    clock,
  )
  const fetch = fetchFor(identity)
  const client = createClient({
    url: identity.server,
    token: identity.token,
    spool,
    fetch,
    clock,
    onProblem: (problem) => {
      if (problem.kind === 'rejected') log('warn', `${problem.count} events were refused: ${problem.items[0]?.code ?? ''}`)
      else if (problem.kind === 'away' || problem.kind === 'refused')
        log('warn', `the control plane does not take events: ${problem.detail}`)
      else if (problem.kind === 'back') log('info', 'the control plane takes events again')
    },
  })
  const server = createControlPlane(identity, fetch, clock)
  const host = config.detection.enabled ? await createHostEngine(stateDir, config.detection.rulesDir) : undefined
  const alerts = createAlertQueue(server.alerts, spool, readAlerts(stateDir))
  /** an alert goes up at once, with the events that it names before it: what answers it is on its way back within the same second */
  const tellAtOnce = (): void => {
    // one that is away is asked again in its own time, not once for every alert
    if (client.stats().state !== 'ok') return
    telling ??= client
      .flush()
      .then(alerts.pump)
      .finally(() => {
        telling = undefined
      })
  }
  let telling: Promise<void> | undefined
  const masker = createMasker()
  const pipeline = createPipeline({
    engine: host?.engine,
    send: client.send,
    spool,
    mask: createMaskEvent(masker.content),
    clock,
    host: config.name,
    datasets: config.datasets,
    utcOffsetMinutes: -new Date(startedAt).getTimezoneOffset(),
    onAlert: (alert) => {
      alerts.push(alert)
      // the lines of one read belong to one batch
      setImmediate(tellAtOnce)
    },
  })

  let keptAt = Number.NEGATIVE_INFINITY
  let activity = -1
  /** Everything that was taken in is on disk when this returns, and the places after it are kept. False while the disk takes nothing. */
  const checkpoint = (): boolean => {
    // taken together in one step: a place is never ahead of what the spool holds
    const state = { version: 1 as const, ...inputs.save() }
    try {
      spool.sync()
      writeCheckpoint(stateDir, state)
      return true
    } catch (error) {
      log('error', `the state folder cannot be written: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}`)
      return false
    }
  }
  const keepEngine = (): void => {
    keptAt = clock()
    try {
      host?.keep()
      writeAlerts(stateDir, alerts.save())
    } catch {
      // as above; what is lost with the process are open windows, never an event
    }
  }
  const own = createOwnEvents(pipeline, { clock, startedAt, silentAfterMs: config.silentAfterMinutes * 60_000 })
  const inputs = openInputs(config, { pipeline, clock, saved, checkpoint: () => void checkpoint() })

  const health = (): AgentHeartbeat => {
    const { events, bytes, oldestAt, dropped } = spool.stats()
    return {
      version: VERSION,
      host: config.name,
      startedAt,
      now: clock(),
      inputs: pipeline.channels().map((channel) => channel.health()),
      spool: { events, bytes, oldestAt, dropped },
      rules: host?.rules ?? { running: 0, problems: 0 },
      alerts: alerts.stats().made,
    }
  }
  let beating = false
  let silent = false
  const beat = async (): Promise<void> => {
    if (beating) return
    beating = true
    spool.expire()
    own.look(spool.stats())
    try {
      const state = health()
      replaceFile(
        join(stateDir, 'status.json'),
        JSON.stringify({ ...state, sender: client.stats(), enforcers: enforcement.reports(), pid: process.pid }),
      )
      await server.heartbeat(state)
      if (silent) log('info', 'the control plane hears this agent again')
      silent = false
    } catch (error) {
      if (!silent)
        log(
          'warn',
          `the control plane does not hear this agent: ${error instanceof ParapetError ? (error.detail ?? error.code) : 'the state folder cannot be written'}`,
        )
      silent = true
    } finally {
      beating = false
    }
  }

  const timers = [
    setInterval(() => void beat(), deps.heartbeatMs ?? HEARTBEAT_MS),
    setInterval(() => void alerts.pump(), PUMP_MS),
    setInterval(() => {
      const now = pipeline.channels().reduce((sum, { counts }) => sum + counts.lines + counts.events, 0)
      if (now !== activity && checkpoint()) activity = now
      if (clock() - keptAt >= ENGINE_MS) keepEngine()
    }, deps.checkpointMs ?? CHECKPOINT_MS),
  ]
  const enforcement = startEnforcement(config, {
    client,
    server: identity.server,
    clock,
    log,
    configFile: deps.configFile ?? CONFIG_FILE,
    ...(deps.helperCommand === undefined ? {} : { helperCommand: deps.helperCommand }),
  })
  own.started(damaged)
  try {
    await inputs.start()
  } catch (error) {
    for (const timer of timers) clearInterval(timer)
    await inputs.stop()
    await enforcement.stop()
    spool.close()
    unlock()
    throw error
  }
  // what an earlier run left in the spool
  void client.flush()
  void beat()

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer)
    await inputs.stop()
    own.stopped()
    checkpoint()
    await enforcement.stop()
    await client.close()
    await Promise.race([alerts.pump(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())])
    checkpoint()
    keepEngine()
    spool.close()
    unlock()
  }
  return {
    stop: () => {
      stopping ??= stop()
      return stopping
    },
    health,
  }
}
