import { type Alert, type Decision, type FieldValue, type SecurityEvent, uuidv7 } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { Concealed, Vault } from '../../vault/index.js'
import { sealAlert, targetTerms } from '../alerts/sealed-alert.js'
import { sealWords } from '../audit/audit.js'
import { sealDecision } from '../decisions/sealed-decision.js'
import { concealEvent } from '../events/event-row.js'
import { hashCell } from '../operators/operators.js'

/** What sealing a row takes. */
export type SealDeps = { readonly vault: Vault; readonly conceal: (event: SecurityEvent) => Concealed }

/** One batch: how many rows it sealed, and where the next one begins. */
export type SealedBatch = { readonly rows: number; readonly after: string }

/** Seals the next rows of a table that an older version wrote, within a transaction of the caller. */
export type SealTable = (client: PoolClient, deps: SealDeps, after: string, limit: number) => Promise<SealedBatch>

const batchOf = <Row>(rows: readonly Row[], after: string, placeOf: (row: Row) => string | number): SealedBatch => {
  const last = rows.at(-1)
  return { rows: rows.length, after: last === undefined ? after : String(placeOf(last)) }
}

/** A place in a table whose order is a number; the first one before anything was sealed. */
const numberOf = (after: string): number => (after === '' ? -1 : Number(after))

const events: SealTable = async (client, deps, after, limit) => {
  const { rows } = await client.query<{ sequence: number; source_id: string; id: string; body: SecurityEvent }>(
    'SELECT sequence, source_id, id, body FROM events WHERE sequence > $1 AND form = 0 ORDER BY sequence LIMIT $2',
    [numberOf(after), limit],
  )
  const sealed = rows.map((row) => concealEvent(deps, row.source_id, row.id, row.body))
  await client.query('SELECT seal_events($1, $2, $3, $4, $5, $6)', [
    rows.map((row) => row.sequence),
    sealed.map((each) => each.userId),
    sealed.map((each) => each.userName),
    sealed.map((each) => each.userEmail),
    sealed.map((each) => each.body),
    sealed.map((each) => each.sealed),
  ])
  return batchOf(rows, after, (row) => row.sequence)
}

const alerts: SealTable = async (client, { vault }, after, limit) => {
  // locked: detection may change one at this moment
  const { rows } = await client.query<{ id: string; body: Alert }>(
    'SELECT id, body FROM alerts WHERE id > $1 AND form = 0 ORDER BY id LIMIT $2 FOR UPDATE',
    [after, limit],
  )
  for (const { id, body } of rows)
    await client.query('UPDATE alerts SET body = $2, scope_value = $3, targets = $4, form = 1 WHERE id = $1', [
      id,
      JSON.stringify(sealAlert(vault, body)),
      vault.term('alerts.target', body.scope.value),
      targetTerms(vault, body),
    ])
  return batchOf(rows, after, (row) => row.id)
}

const decisionLog: SealTable = async (client, { vault }, after, limit) => {
  const { rows } = await client.query<{ revision: number; body: Decision }>(
    'SELECT revision, body FROM decision_log WHERE revision > $1 AND form = 0 ORDER BY revision LIMIT $2',
    [numberOf(after), limit],
  )
  await client.query('SELECT seal_decision_log($1, $2)', [
    rows.map((row) => row.revision),
    rows.map((row) => JSON.stringify(sealDecision(vault, row.body))),
  ])
  return batchOf(rows, after, (row) => row.revision)
}

const decisions: SealTable = async (client, { vault }, after, limit) => {
  const { rows } = await client.query<{ id: string; body: Decision }>(
    'SELECT id, body FROM decisions WHERE id > $1 AND form = 0 ORDER BY id LIMIT $2 FOR UPDATE',
    [after, limit],
  )
  for (const { id, body } of rows)
    await client.query('UPDATE decisions SET body = $2, target_value = $3, form = 1 WHERE id = $1', [
      id,
      JSON.stringify(sealDecision(vault, body)),
      vault.term('decisions.target', body.target.value),
    ])
  return batchOf(rows, after, (row) => row.id)
}

const operators: SealTable = async (client, { vault }, after, limit) => {
  const { rows } = await client.query<{ id: string; password_hash: string }>(
    'SELECT id, password_hash FROM operators WHERE id > $1 AND form = 0 ORDER BY id LIMIT $2',
    [after, limit],
  )
  await client.query('SELECT seal_operators($1, $2)', [
    rows.map((row) => row.id),
    rows.map((row) => vault.seal(row.password_hash, hashCell(row.id))),
  ])
  return batchOf(rows, after, (row) => row.id)
}

const audit: SealTable = async (client, { vault }, after, limit) => {
  const { rows } = await client.query<{
    sequence: number
    at: number
    reason: string | null
    detail: Readonly<Record<string, FieldValue>> | null
  }>('SELECT sequence, at, reason, detail FROM audit WHERE sequence > $1 AND form = 0 ORDER BY sequence LIMIT $2', [numberOf(after), limit])
  const sealed = rows.map(({ at, reason, detail }) =>
    sealWords(vault, { ...(reason === null ? {} : { reason }), ...(detail === null ? {} : { detail }) }, uuidv7(at)),
  )
  await client.query('SELECT seal_audit($1, $2, $3, $4)', [
    rows.map((row) => row.sequence),
    sealed.map((each) => each.sealId),
    sealed.map((each) => each.sealed),
    sealed.map((each) => each.reason),
  ])
  return batchOf(rows, after, (row) => row.sequence)
}

/** How each table is sealed, by its name in the table `sealing`. */
export const SEAL_TABLES: ReadonlyMap<string, SealTable> = new Map([
  ['operators', operators],
  ['decisions', decisions],
  ['decision_log', decisionLog],
  ['alerts', alerts],
  ['audit', audit],
  ['events', events],
])
