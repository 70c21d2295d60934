import type { Client } from 'pg'
import { codeOf } from '../errors.js'
import { APP_ROLE, DATABASE_NAME, OWNER_ROLE } from '../types.js'

const DUPLICATES = new Set(['42710', '42P04', '23505'])

const unlessThere = async (client: Client, sql: string): Promise<void> => {
  await client.query(sql).catch((error: unknown) => {
    if (!DUPLICATES.has(codeOf(error) ?? '')) throw error
  })
}

/** Creates what a new cluster lacks: the two roles and a database that the owner owns. Runs as its administrator; repeatable. */
export const bootstrapCluster = async (client: Client, database: string = DATABASE_NAME): Promise<void> => {
  for (const role of [OWNER_ROLE, APP_ROLE]) {
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
    if (rowCount === 0) await unlessThere(client, `CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION`)
  }
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
  if (rowCount === 0) await unlessThere(client, `CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${OWNER_ROLE}`)
}
