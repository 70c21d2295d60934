import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, HOUR, MINUTE, DAY, ParapetError, SECOND, systemClock } from '@parapet/core'
import type { TextMasker } from '@parapet/privacy'
import { kekFromUri } from '@parapet/privacy/encryption'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createApp } from '../app/create-app.js'
import { assertBind, type Config } from '../config/index.js'
import { migrate, startDatabase } from '../db/index.js'
import type { Database } from '../db/types.js'
import { HEARTBEAT_MS } from '../http/stream-hub.js'
import { openKeyring, openServerKeyset } from '../keys/index.js'
import { openSyslog } from '../modules/syslog/index.js'
import { resealStored, sealStored } from '../modules/sealing/index.js'
import { groupStored } from '../modules/triage/index.js'
import { createVault } from '../vault/index.js'
import { type BuiltServices, createServices } from './create-services.js'
import { type Engines, loadEngines } from './engines.js'
import { liftProtected } from './lift-protected.js'
import { ensureLocalToken } from './local-token.js'
import { createLog } from './log.js'
import { loadMasker } from './masker.js'
import { assertPortFree, toPortError } from './port.js'
import { createSetupLink } from './setup-link.js'
import { stopPostgresOnExit } from './stop-postgres-on-exit.js'

/** A running control plane. */
export type RunningServer = {
  /** as people open it */
  readonly url: string
  /** the one-time link of the first operator, while there is none */
  readonly setupLink?: string
  /** Stops in the order that loses nothing: no new requests, those under way, streams, logs, detection, database. */
  readonly stop: () => Promise<void>
}

/** What a test or a program may put in the place of the usual. */
export type StartOptions = {
  readonly log?: Logger
  readonly masker?: TextMasker
  readonly clock?: Clock
  readonly engines?: Engines
  /** a database that is open already; migrated, and closed by `stop` */
  readonly database?: Database
}

/** Time that requests under way get before their connections are cut, ms. */
const DRAIN_MS = 10_000

const readTls = async (config: Config): Promise<{ cert: string; key: string } | undefined> => {
  if (config.tls === undefined) return undefined
  const read = (name: 'cert' | 'key', path: string): Promise<string> =>
    readFile(path, 'utf8').catch((cause: unknown) => {
      throw new ParapetError('PPT_CONFIG_INVALID', `tls.${name}: the file ${path} cannot be read`, { cause })
    })
  return { cert: await read('cert', config.tls.cert), key: await read('key', config.tls.key) }
}

/** Repeats a task; one that fails is logged and tried again next time. */
const every = (ms: number, name: string, log: Logger, task: () => Promise<unknown>): (() => void) => {
  const timer = setInterval(() => {
    task().catch((error: unknown) => log.warn({ err: error, task: name }, 'a repeated task failed'))
  }, ms)
  timer.unref()
  return () => clearInterval(timer)
}

const startTasks = ({ services, sharedState, desk, enforcement }: BuiltServices, log: Logger): (() => void) => {
  const { config, clock, events } = services
  const keep = async (): Promise<void> => {
    await events.preparePartitions()
    const dropped = await events.dropPartitionsBefore(Math.floor(clock() / DAY) - config.retention.eventDays)
    await services.notices.sweep()
    await services.exceptions.sweep()
    await services.notifications.sweep()
    if (dropped > 0) log.info({ partitions: dropped, days: config.retention.eventDays }, 'old events were dropped')
  }
  const unban = async (): Promise<void> => {
    const lifted = await liftProtected(services.decisions, services.protectedTargets, clock())
    if (lifted.length > 0) log.warn({ decisions: lifted.length }, 'decisions on targets that are protected now were taken back')
  }
  const stops = [
    every(HEARTBEAT_MS, 'heartbeat', log, () => services.streams.beat()),
    every(10 * MINUTE, 'sweep', log, () => sharedState.sweep()),
    every(15 * SECOND, 'silence', log, desk.watchSilence),
    every(15 * SECOND, 'enforcers', log, enforcement.watchEnforcers),
    every(2 * SECOND, 'lockdown', log, enforcement.sweepLockdown),
    every(HOUR, 'retention', log, keep),
    every(HOUR, 'protected', log, unban),
  ]
  keep().catch((error: unknown) => log.warn({ err: error }, 'retention did not run'))
  unban().catch((error: unknown) => log.warn({ err: error }, 'decisions on protected targets were not looked for'))
  return () => {
    for (const stop of stops) stop()
  }
}

const listen = async (app: FastifyInstance, config: Config): Promise<number> => {
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    throw toPortError(error, config.host, config.port)
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : config.port
}

/** Ends what has begun, newest first; every step runs, whatever the ones before it did. */
const unwind = async (steps: readonly (() => Promise<void> | void)[], log: Logger): Promise<void> => {
  for (const step of steps.toReversed()) {
    try {
      await step()
    } catch (error) {
      log.error({ err: error }, 'a part did not stop cleanly')
    }
  }
}

const closeApp = async (app: FastifyInstance): Promise<void> => {
  const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  timer.unref()
  await app.close()
  clearTimeout(timer)
}

/**
 * Starts the control plane. Throws before anything runs for `PPT_BIND_CLEARTEXT` and `PPT_PORT_BUSY`; otherwise whatever
 * went wrong (`PPT_KEYS_MISSING`, `PPT_DATA_DIR`, `PPT_DATABASE_...`), after stopping what had begun.
 */
export const startServer = async (settings: Config, options: StartOptions = {}): Promise<RunningServer> => {
  const clock = options.clock ?? systemClock
  const masker = options.masker ?? loadMasker()
  const log = options.log ?? createLog(settings, masker)
  assertBind(settings)
  if (settings.port !== 0) await assertPortFree(settings.host, settings.port)
  const tls = await readTls(settings)
  const steps: (() => Promise<void> | void)[] = []
  try {
    const database = options.database ?? (await startDatabase({ dataDir: settings.dataDir, databaseUrl: settings.databaseUrl }, log))
    steps.push(() => database.close())
    // a database that was given is its giver's to stop
    if (options.database === undefined && database.kind === 'bundled') steps.push(stopPostgresOnExit(settings.dataDir))
    await migrate(database)
    const keys = await openKeyring({ dataDir: settings.dataDir, pool: database.pool, clock })
    if (keys.created)
      log.warn({ file: keys.path }, 'new keys were made for an empty store; back this file up, without it the store cannot be opened again')
    const kek = settings.kek === undefined ? keys.kek : kekFromUri(settings.kek, { env: process.env })
    const production = process.env['NODE_ENV'] === 'production'
    const { keyset, created } = await openServerKeyset({ pool: database.pool, kek, clock, production })
    steps.push(() => keyset.close())
    // a key that is added, or destroyed, elsewhere is known here before anything is sealed with it
    keyset.watch({ onError: (error) => log.warn({ err: error }, 'the keyset could not be read again') })
    if (created)
      log.warn(
        { wrappedBy: kek.uri },
        'a keyset was made that seals personal data; it is backed up with the database, and opens only with the key named here',
      )
    const vault = createVault({ keyring: keys.keyring, keyset, masker })
    const localToken = await ensureLocalToken(settings)
    const engines =
      options.engines ??
      (await loadEngines(log, {
        rulesDir: settings.detect.rulesDir ?? join(settings.dataDir, 'rules'),
        policiesDir: settings.respond.policiesDir ?? join(settings.dataDir, 'policies'),
        geo: settings.geo,
        stateMegabytes: settings.detect.stateMegabytes,
      }))
    steps.push(() => engines.close())

    const built = await createServices({ config: settings, database, keyring: keys.keyring, vault, engines, localToken, log, clock })
    const { services, worker, desk, edge, people, enforcement, notifier, intake } = built
    steps.push(() => intake.close())
    steps.push(async () => {
      await services.alerts.close()
      await services.decisions.close()
    })
    await desk.start()
    steps.push(() => desk.stop())
    await enforcement.start()
    steps.push(() => enforcement.stop())
    await worker.start()
    steps.push(() => worker.stop())
    const grouping = groupStored({ database, vault, log })
    steps.push(grouping.stop)
    const sealing = sealStored({ database, vault, clock, log })
    steps.push(sealing.stop)
    const resealing = resealStored({ database, keyset, vault, clock, log })
    steps.push(resealing.stop)
    steps.push(() => services.events.close())
    await notifier.start()
    steps.push(() => notifier.stop())
    await edge.start()
    steps.push(() => edge.stop())
    people.start()
    steps.push(() => people.stop())
    const app = await createApp(services, tls === undefined ? {} : { tls })
    steps.push(startTasks(built, log))
    // streams would keep the server from ever closing: it stops listening first, then they end
    steps.push(async () => {
      const closing = closeApp(app)
      services.streams.closeAll()
      await closing
    })
    if (settings.syslog !== undefined) {
      const { sources, events, metrics } = services
      const doors = await openSyslog({ config: settings.syslog, sources, events, metrics, clock, log })
      steps.push(doors.close)
    }
    const port = await listen(app, settings)
    const url = settings.port === port ? settings.publicUrl : `${tls === undefined ? 'http' : 'https'}://localhost:${port}`
    const setupLink = (await services.operators.needed()) ? await createSetupLink({ ...settings, publicUrl: url }, { clock }) : undefined
    log.info({ url, database: database.kind }, 'the control plane is ready')

    let stopping: Promise<void> | undefined
    return {
      url,
      ...(setupLink === undefined ? {} : { setupLink }),
      stop: () => {
        stopping ??= unwind(steps, log)
        return stopping
      },
    }
  } catch (error) {
    await unwind(steps, log)
    throw error
  }
}
