import type { Pool } from 'pg'

/** What the database layer says to the operator; a pino logger fits. */
export type DatabaseLog = {
  readonly info: (fields: Readonly<Record<string, unknown>>, message: string) => void
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void
  readonly error: (fields: Readonly<Record<string, unknown>>, message: string) => void
}

/** How to reach, or start, the database. */
export type DatabaseOptions = {
  /** a PostgreSQL 15 to 18 of the operator's own; without it the bundled one runs in `dataDir` */
  readonly databaseUrl?: string | undefined
  /** absolute path; see {@link resolveDataDir} for the default */
  readonly dataDir: string
  /** connections of the application role, 10 by default */
  readonly poolSize?: number | undefined
  /**
   * `serve` (the default) holds the data directory for its lifetime and stops PostgreSQL last. `attach` is for short
   * commands beside a running server: uses its PostgreSQL and leaves it running, or starts one and stops it again.
   */
  readonly mode?: 'serve' | 'attach' | undefined
}

/** The open database. Connections find the tables of the schema `parapet` without naming it; `bigint` arrives as a number. */
export type Database = {
  readonly kind: 'bundled' | 'external'
  /** connections of the application role: no superuser, owns nothing, may not change what is append-only */
  readonly pool: Pool
  /** connections of the schema's owner: migrations, partitions, retention */
  readonly owner: () => Pool
  /** Calls `fn` on every notification, and after a reconnect, when some may have been missed. Answers a function that ends it. */
  readonly listen: (channel: string, fn: (payload: string) => void) => Promise<() => void>
  /** Ends all connections and, where this process holds the bundled PostgreSQL, stops it last. */
  readonly close: () => Promise<void>
}

/** The role that owns the schema. With `DATABASE_URL` it is the user of the URL instead. */
export const OWNER_ROLE = 'parapet_owner'
/** The role that every request runs as. Migrations grant to it what it may do. */
export const APP_ROLE = 'parapet_app'
/** The superuser of the bundled cluster; used at start and for the lock of the data directory only. */
export const ADMIN_ROLE = 'parapet_admin'
/** The schema that holds all tables. */
export const SCHEMA = 'parapet'
/** The database in the bundled cluster. */
export const DATABASE_NAME = 'parapet'
