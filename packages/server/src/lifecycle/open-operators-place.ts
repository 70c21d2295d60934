import { type AuditSink, type Clock, HOUR, MINUTE, type OperatorView, ParapetError, systemClock } from '@parapet/core'
import { createLogin, createSessions } from '@parapet/guard'
import { createFileKek, kekFromUri, openKeyset } from '@parapet/privacy/encryption'
import { createPostgresKeysetStore } from '@parapet/privacy/postgres'
import type { Config } from '../config/index.js'
import { startDatabase } from '../db/index.js'
import { type DatabaseLog, SCHEMA } from '../db/types.js'
import { keyFilePath, openKeyring } from '../keys/index.js'
import { readPrivateFile } from '../keys/private-file.js'
import { createAudit } from '../modules/audit/index.js'
import { createFactorStore } from '../modules/factors/index.js'
import { createNotices, type NewNotice } from '../modules/notices/index.js'
import { createOperators, createPasswordHasher, createResets } from '../modules/operators/index.js'
import { type ResetChoice, type ResetDone, resetOperator } from '../modules/operators/reset-operator.js'
import { createOperatorSessions, createPostgresStore } from '../modules/sessions/index.js'
import { createTokens } from '../modules/tokens/index.js'
import { createVault } from '../vault/index.js'
import { createSubjects } from './login-shield.js'
import { loadMasker } from './masker.js'

/** The operators of an installation, reached on its own machine: beside its running server, or without one. */
export type OperatorsPlace = {
  readonly list: () => Promise<readonly OperatorView[]>
  /** Throws `PPT_NOT_FOUND`. */
  readonly reset: (operatorId: string, choice: ResetChoice) => Promise<ResetDone>
  readonly tell: (operatorId: string, notice: NewNotice) => Promise<void>
  /** the installation's own record of acts */
  readonly audit: AuditSink
  readonly close: () => Promise<void>
}

const quiet: DatabaseLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Opens the operators of an installation for a short command, for the day when nobody can sign in. Whoever may read the data directory
 * may do this. Nothing is made: where no server was started yet it throws `PPT_KEYS_MISSING`. Other errors: those of database and `PPT_KEK`.
 */
export const openOperatorsPlace = async (
  config: Config,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock?: Clock },
): Promise<OperatorsPlace> => {
  const { env, clock = systemClock } = options
  const path = keyFilePath(config.dataDir)
  if ((await readPrivateFile(path)) === undefined)
    throw new ParapetError('PPT_KEYS_MISSING', `${path} does not exist: no control plane has been started with this data directory`)
  const database = await startDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, poolSize: 2, mode: 'attach' }, quiet)
  try {
    const { pool } = database
    const kek = config.kek === undefined ? createFileKek(path) : kekFromUri(config.kek, { env })
    const { keyring } = await openKeyring({ dataDir: config.dataDir, pool, clock })
    const keysets = createPostgresKeysetStore(pool, { schema: SCHEMA })
    const keyset = await openKeyset({ store: keysets, kek, clock, production: env['NODE_ENV'] === 'production' })
    const vault = createVault({ keyring, keyset, masker: loadMasker() })
    const operators = createOperators({ pool, clock, passwords: createPasswordHasher(), vault })
    const store = createPostgresStore({ pool, clock, vault })
    const idleMs = config.sessions.idleMinutes * MINUTE
    const sessions = createOperatorSessions({
      sessions: createSessions({
        store,
        idleMs,
        absoluteMs: config.sessions.absoluteHours * HOUR,
        clock,
      }),
      clock,
      idleMs,
      // streams are the server's: it notices with its next heartbeat
      onEnded: () => undefined,
      generationOf: operators.generationOf,
    })
    // as the server makes it: what is known of browsers is in the database, for all of its processes
    const login = createLogin({
      store,
      keyring,
      clock,
      clientAddress: () => ({ kind: 'unknown', reason: 'no_peer' }),
      canonicalSubject: createSubjects(operators),
    })
    const factors = createFactorStore({ pool, clock, vault })
    const parts = {
      operators,
      sessions,
      resets: createResets({ pool, clock, publicUrl: config.publicUrl }),
      factors: { reset: factors.remove },
      tokens: createTokens({ pool, clock }),
      forgetDevices: login.forgetDevices,
    }
    const notices = createNotices({ pool, clock })
    return {
      list: operators.list,
      reset: (operatorId, choice) => resetOperator(parts, operatorId, choice),
      tell: notices.add,
      audit: createAudit({ pool, vault }),
      close: async () => {
        keyset.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}
