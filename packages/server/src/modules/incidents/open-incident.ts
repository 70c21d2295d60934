import { HOUR, LEVELS, type PersonRef, uuidv7 } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { Vault } from '../../vault/index.js'
import { titleCell } from './cells.js'
import { addLinks, type Link, termsOf } from './links.js'
import { addEntries } from './timeline.js'
import type { IncidentOpening } from './types.js'

/** The advisory lock of whoever opens or joins: two alerts of one moment must not make two incidents of one attack. */
const OPENING_LOCK = 7_274_391
/** How long an incident takes up what is about the same subjects or addresses, ms. */
const JOINS_FOR = 24 * HOUR
/** New incidents that answers to alerts may open within an hour; what comes then joins the newest: an attacker must not bury people in them. */
const MOST_AN_HOUR = 10

/** Who opens when no person does. */
const PARAPET: PersonRef = { id: 'parapet', name: 'Parapet' }

const linksOf = (opening: IncidentOpening): Link[] => [
  ...opening.alertIds.map((value): Link => ({ kind: 'alert', value })),
  ...opening.decisionIds.map((value): Link => ({ kind: 'decision', value })),
  ...opening.subjects.map((value): Link => ({ kind: 'subject', value })),
  ...opening.addresses.map((value): Link => ({ kind: 'address', value })),
]

const findJoined = async (client: PoolClient, vault: Pick<Vault, 'terms'>, opening: IncidentOpening): Promise<string | undefined> => {
  const ofAlert = await client.query<{ id: string }>(
    `SELECT incident_id AS id FROM incident_links WHERE kind = 'alert' AND term = ANY ($1) ORDER BY at DESC LIMIT 1`,
    [opening.alertIds],
  )
  if (ofAlert.rows[0] !== undefined) return ofAlert.rows[0].id
  const terms = (kind: Link['kind'], values: readonly string[]): string[] => values.flatMap((value) => termsOf(vault, { kind, value }))
  const alike = await client.query<{ id: string }>(
    `SELECT i.id FROM incidents i WHERE i.status IN ('open', 'contained') AND i.opened_at > $1 AND EXISTS (
       SELECT 1 FROM incident_links l WHERE l.incident_id = i.id
         AND ((l.kind = 'subject' AND l.term = ANY ($2)) OR (l.kind = 'address' AND l.term = ANY ($3))))
     ORDER BY i.number DESC LIMIT 1`,
    [opening.at - JOINS_FOR, terms('subject', opening.subjects), terms('address', opening.addresses)],
  )
  if (alike.rows[0] !== undefined) return alike.rows[0].id
  const recent = await client.query<{ id: string }>(
    `SELECT id FROM incidents WHERE automatic AND status IN ('open', 'contained') AND opened_at > $1 ORDER BY number DESC LIMIT $2`,
    [opening.at - HOUR, MOST_AN_HOUR],
  )
  return recent.rows.length >= MOST_AN_HOUR ? recent.rows[0]?.id : undefined
}

/** Writes a new incident with nothing in it but its first line. */
export const insertIncident = async (
  client: Pick<PoolClient, 'query'>,
  vault: Pick<Vault, 'seal'>,
  opening: Pick<IncidentOpening, 'title' | 'severity' | 'at' | 'by' | 'lockdownOffered'>,
): Promise<string> => {
  const id = uuidv7(opening.at)
  const by = opening.by ?? PARAPET
  await client.query(
    `INSERT INTO incidents (id, severity, opened_at, by_id, by_name, automatic, updated_at, lockdown_offered, sealed)
     VALUES ($1, $2, $3, $4, $5, $6, $3, $7, $8)`,
    [
      id,
      LEVELS.indexOf(opening.severity),
      opening.at,
      by.id,
      by.name,
      opening.by === null,
      opening.lockdownOffered ?? false,
      vault.seal(opening.title, titleCell(id)),
    ],
  )
  await addEntries(client, vault, id, [{ kind: 'opened', text: opening.title, ref: null, once: 'opened', by: opening.by, at: opening.at }])
  return id
}

/** Adds what an opening brings to an incident that is there; `who` is in the timeline. */
const join = async (
  client: PoolClient,
  vault: Pick<Vault, 'seal' | 'term' | 'terms'>,
  id: string,
  opening: IncidentOpening,
): Promise<void> => {
  const added = await addLinks(client, vault, id, linksOf(opening), opening.at)
  const entries = added.flatMap(({ kind, value }) =>
    kind === 'alert' || kind === 'decision'
      ? [{ kind, text: kind === 'alert' ? opening.title : 'A decision was made.', ref: value, by: opening.by, at: opening.at }]
      : [],
  )
  await addEntries(client, vault, id, entries)
  if (added.length > 0 || opening.lockdownOffered === true)
    await client.query(
      `UPDATE incidents SET updated_at = greatest(updated_at, $2), severity = greatest(severity, $3), lockdown_offered = lockdown_offered OR $4
       WHERE id = $1`,
      [id, opening.at, LEVELS.indexOf(opening.severity), opening.lockdownOffered ?? false],
    )
}

/** Opens an incident or joins the one that is open about the same, within a transaction of the caller; answers its id. */
export const openOrJoin = async (
  client: PoolClient,
  vault: Pick<Vault, 'seal' | 'term' | 'terms'>,
  opening: IncidentOpening,
): Promise<string> => {
  await client.query(`SELECT pg_advisory_xact_lock(${OPENING_LOCK})`)
  const id = (await findJoined(client, vault, opening)) ?? (await insertIncident(client, vault, opening))
  await join(client, vault, id, opening)
  return id
}
