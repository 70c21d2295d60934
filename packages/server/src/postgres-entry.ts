/** The bundled PostgreSQL for other programs: small applications and examples that need a database and no service. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type PoolConfig } from 'pg'
import { startBundled } from './db/bundled/index.js'
import { resolveDataDir } from './db/data-dir.js'
import { type DatabaseLog, OWNER_ROLE } from './db/types.js'

/** What {@link startPostgres} takes. */
export type PostgresOptions = {
  /** a word for the database and its folder: small letters, digits and `_` */
  readonly name: string
  /** absolute path; by default a folder `name` in the data directory of this machine and checkout */
  readonly dataDir?: string | undefined
  readonly log?: DatabaseLog | undefined
}

/** A PostgreSQL that runs for this process. `stop` ends it; end the pools on it first. */
export type RunningPostgres = {
  /** where its files are, and where keys may be kept beside them */
  readonly dataDir: string
  /** for `new Pool(...)` of pg: an owner of the database, no superuser, over a socket that only this user reaches */
  readonly connection: PoolConfig
  readonly stop: () => Promise<void>
}

const silent: DatabaseLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Starts, or adopts, the bundled PostgreSQL with a database of its own; as root it runs as an unprivileged user. Errors:
 * `PPT_DATA_DIR`, `PPT_DATA_DIR_LOCKED` (another process has it), `PPT_DATABASE_RUNTIME`.
 */
export const startPostgres = async ({ name, dataDir: given, log = silent }: PostgresOptions): Promise<RunningPostgres> => {
  if (!/^[a-z][a-z\d_]{0,40}$/.test(name)) throw new TypeError('startPostgres.name: give small letters, digits and _, such as studio')
  const { env } = process
  const dataDir = given ?? join(resolveDataDir({ env, cwd: process.cwd(), uid: process.getuid?.() ?? -1, home: homedir() }), name)
  const cluster = await startBundled({ dataDir, mode: 'serve', database: name }, log)
  return {
    dataDir,
    connection: { host: cluster.socketDir, port: 5432, database: name, user: OWNER_ROLE, password: '', ssl: false },
    stop: cluster.stop,
  }
}
