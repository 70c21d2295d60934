import { type AuditSink, type Clock, ParapetError, systemClock } from '@parapet/core'
import { createFileKek, kekFromUri, type KekProvider, type KeysetStore, openKeyset } from '@parapet/privacy/encryption'
import { createPostgresKeysetStore } from '@parapet/privacy/postgres'
import type { Pool } from 'pg'
import type { Config } from '../config/index.js'
import { startDatabase } from '../db/index.js'
import { type DatabaseLog, SCHEMA } from '../db/types.js'
import { keyFilePath, openKeyring } from '../keys/index.js'
import { readPrivateFile } from '../keys/private-file.js'
import { createAudit } from '../modules/audit/index.js'
import { createVault } from '../vault/index.js'
import { loadMasker } from './masker.js'

/** The keyset of an installation with what a command needs to work on it. */
export type KeyPlace = {
  readonly store: KeysetStore
  readonly kek: KekProvider
  /** as the owner of the tables, who may look through all of them */
  readonly pool: Pool
  /** the installation's own record of acts */
  readonly audit: AuditSink
  readonly close: () => Promise<void>
}

const quiet: DatabaseLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Opens the keyset of an installation for a short command, beside its running server or alone. Nothing is made: where no server was
 * started yet it throws `PPT_KEYS_MISSING`. Other errors: those of the database and `PPT_KEK`.
 */
export const openKeyPlace = async (
  config: Config,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock?: Clock },
): Promise<KeyPlace> => {
  const { env, clock = systemClock } = options
  const path = keyFilePath(config.dataDir)
  if ((await readPrivateFile(path)) === undefined)
    throw new ParapetError('PPT_KEYS_MISSING', `${path} does not exist: no control plane has been started with this data directory`)
  const kek = config.kek === undefined ? createFileKek(path) : kekFromUri(config.kek, { env })
  const database = await startDatabase({ databaseUrl: config.databaseUrl, dataDir: config.dataDir, poolSize: 2, mode: 'attach' }, quiet)
  const { pool } = database
  const store = createPostgresKeysetStore(pool, { schema: SCHEMA })
  const openRecord = async (): Promise<AuditSink> => {
    const { keyring } = await openKeyring({ dataDir: config.dataDir, pool, clock })
    const keyset = await openKeyset({ store, kek, clock, production: env['NODE_ENV'] === 'production' })
    return createAudit({ pool, vault: createVault({ keyring, keyset, masker: loadMasker() }) })
  }
  let record: Promise<AuditSink> | undefined
  return {
    store,
    kek,
    pool: database.owner(),
    audit: { record: async (entry) => (await (record ??= openRecord())).record(entry) },
    close: () => database.close(),
  }
}
