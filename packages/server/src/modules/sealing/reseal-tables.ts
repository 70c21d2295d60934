import type { Alert, SecurityEvent } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { Cell } from '../../vault/index.js'
import { alertCell, openAlert, type SealedAlert } from '../alerts/sealed-alert.js'
import { wordsCell } from '../audit/audit.js'
import { decisionCell, openDecision, type SealedDecision } from '../decisions/sealed-decision.js'
import { stateCell } from '../detection/state.js'
import { sealedCell } from '../events/event-row.js'
import { reportCell } from '../enforcers/index.js'
import { exceptionCell } from '../exceptions/exceptions.js'
import { factorsCell } from '../factors/factor-store.js'
import { channelCell } from '../notifications/channel-store.js'
import { wordsCell as notificationCell } from '../notifications/outbox.js'
import { lockdownCell } from '../lockdown/index.js'
import { entryCell, linkCell, titleCell } from '../incidents/cells.js'
import { hashCell } from '../operators/operators.js'
import { campaignCell } from '../resets/campaign-row.js'
import { valueCell } from '../sessions/postgres-store.js'
import { openPerson, spellingsOf, subjectCell } from '../subjects/sealed-subject.js'
import { noteCell } from '../triage/notes.js'
import { viewCell } from '../views/views.js'
import { alertValues, renewEach, type Renewal } from './renewal.js'

/** What became of the rows that a batch found under another key. Those of neither kind changed in between. */
export type Resealed = {
  readonly resealed: number
  /** rows that do not open: they stay as they are */
  readonly refused: number
  /** rows in which nothing turned out to be sealed with another key */
  readonly kept: number
}

/** Rows of a window that are to be brought under the present key, by their keys as text. */
export type Window = { readonly places: readonly string[]; readonly firstDay: number; readonly lastDay: number }

/** How one table is walked and its rows are brought under the present key. */
export type ResealTable = {
  readonly name: string
  /** the table is in the order of a number */
  readonly numeric: boolean
  /** looks at the rows after $1, at most $2, for such that are not under key $3: `last`, `rows`, `places`, `first_day`, `last_day` */
  readonly look: string
  readonly reseal: (client: PoolClient, renewal: Renewal, window: Window) => Promise<Resealed>
}

const other = (value: string): string => `coalesce(sealing_key(${value}) <> $3::bigint, false)`

const BODY = other('sealed_cell(body::text)')

const lookAt = (table: string, key: string, stale: string, day = '0'): string =>
  `SELECT max(place)::text AS last, count(*)::int AS rows, coalesce(array_agg(place::text) FILTER (WHERE stale), '{}') AS places,
     coalesce(min(day) FILTER (WHERE stale), 0) AS first_day, coalesce(max(day) FILTER (WHERE stale), 0) AS last_day
   FROM (SELECT ${key} AS place, ${day} AS day, ${stale} AS stale FROM ${table} WHERE ${key} > $1 ORDER BY ${key} LIMIT $2) AS w`

const changedIn = async (client: PoolClient, text: string, values: readonly unknown[]): Promise<number> =>
  (await client.query<{ changed: number }>(`SELECT ${text} AS changed`, [...values])).rows[0]?.changed ?? 0

const textOf = (value: unknown): string[] => (typeof value === 'string' ? [value] : typeof value === 'number' ? [String(value)] : [])

type EventCells = {
  readonly sequence: number
  readonly source_id: string
  readonly id: string
  readonly body: SecurityEvent
  readonly sealed: string | null
  readonly user_id: string | null
  readonly user_name: string | null
  readonly user_email: string | null
}

const renewEvent = (renewal: Renewal, row: EventCells): EventCells => {
  const cell = sealedCell(row.source_id, row.id)
  const personal = row.sealed === null ? {} : (JSON.parse(renewal.open(row.sealed, cell)) as Partial<SecurityEvent>)
  const index = (held: string | null, values: readonly string[]): string | null =>
    held === null ? null : renewal.index('events.user', held, values)
  return {
    ...row,
    sealed: row.sealed === null ? null : renewal.cell(row.sealed, cell),
    // an id that is not sealed stands there as it was sent, whatever it looks like
    user_id: personal['user.id'] === undefined ? row.user_id : index(row.user_id, textOf(personal['user.id'])),
    // the name in the body is the pseudonym of an unknown subject
    user_name: index(row.user_name, textOf(personal['user.name'] ?? row.body['user.name'])),
    user_email: index(row.user_email, textOf(personal['user.email'])),
  }
}

const isSame = (one: EventCells, other: EventCells): boolean =>
  one.sealed === other.sealed && one.user_id === other.user_id && one.user_name === other.user_name && one.user_email === other.user_email

const events: ResealTable = {
  name: 'events',
  numeric: true,
  look: lookAt('events', 'sequence', `form = 1 AND (${['sealed', 'user_id', 'user_name', 'user_email'].map(other).join(' OR ')})`, 'day'),
  reseal: async (client, renewal, { places, firstDay, lastDay }) => {
    const { rows } = await client.query<EventCells>(
      `SELECT sequence, source_id, id, body, sealed, user_id, user_name, user_email FROM events
       WHERE sequence = ANY ($1::bigint[]) AND day BETWEEN $2 AND $3 AND form = 1 ORDER BY sequence`,
      [places, firstDay, lastDay],
    )
    const { renewed, refused } = renewEach(rows, (before) => ({ before, after: renewEvent(renewal, before) }))
    const moved = renewed.filter(({ before, after }) => !isSame(before, after))
    const resealed = await changedIn(client, 'reseal_events($1, $2, $3, $4, $5, $6, $7, $8)', [
      firstDay,
      lastDay,
      moved.map(({ before }) => before.sequence),
      moved.map(({ before }) => before.sealed),
      moved.map(({ after }) => after.sealed),
      moved.map(({ after }) => after.user_id),
      moved.map(({ after }) => after.user_name),
      moved.map(({ after }) => after.user_email),
    ])
    return { resealed, refused, kept: renewed.length - moved.length }
  },
}

/** A row with one sealed cell: its key, what it holds, and where that is sealed. */
type OneCell = { readonly place: string | number; readonly sealed: string; readonly cell: Cell }

const resealCells = async (
  renewal: Renewal,
  rows: readonly OneCell[],
  write: (places: readonly (string | number)[], before: readonly string[], after: readonly string[]) => Promise<number>,
): Promise<Resealed> => {
  const { renewed, refused } = renewEach(rows, (row) => ({ ...row, after: renewal.cell(row.sealed, row.cell) }))
  const moved = renewed.filter(({ sealed, after }) => sealed !== after)
  const resealed = await write(
    moved.map(({ place }) => place),
    moved.map(({ sealed }) => sealed),
    moved.map(({ after }) => after),
  )
  return { resealed, refused, kept: renewed.length - moved.length }
}

const decisionLog: ResealTable = {
  name: 'decision_log',
  numeric: true,
  look: lookAt('decision_log', 'revision', `form = 1 AND ${BODY}`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ revision: number; id: string; body: SealedDecision }>(
      'SELECT revision, decision_id AS id, body FROM decision_log WHERE revision = ANY ($1::bigint[]) AND form = 1',
      [places],
    )
    const cells = rows.map(({ revision, id, body }) => ({ place: revision, sealed: body.sealed, cell: decisionCell(id, revision) }))
    return resealCells(renewal, cells, (...values) => changedIn(client, 'reseal_decision_log($1, $2, $3)', values))
  },
}

const audit: ResealTable = {
  name: 'audit',
  numeric: true,
  look: lookAt('audit', 'sequence', `form = 1 AND ${other('sealed')}`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ sequence: number; seal_id: string | null; sealed: string }>(
      'SELECT sequence, seal_id, sealed FROM audit WHERE sequence = ANY ($1::bigint[]) AND form = 1',
      [places],
    )
    const cells = rows.map(({ sequence, seal_id, sealed }) => ({ place: sequence, sealed, cell: wordsCell(seal_id ?? '') }))
    return resealCells(renewal, cells, (...values) => changedIn(client, 'reseal_audit($1, $2, $3)', values))
  },
}

const operators: ResealTable = {
  name: 'operators',
  numeric: false,
  look: lookAt('operators', 'id', `form = 1 AND ${other('password_hash')}`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ id: string; password_hash: string }>(
      'SELECT id, password_hash FROM operators WHERE id = ANY ($1) AND form = 1',
      [places],
    )
    const cells = rows.map(({ id, password_hash }) => ({ place: id, sealed: password_hash, cell: hashCell(id) }))
    return resealCells(renewal, cells, (...values) => changedIn(client, 'reseal_operators($1, $2, $3)', values))
  },
}

// tables that change all the time: rows that somebody holds are passed over, so that nobody ever waits in a circle

/** The body of a row with another sealed cell, and everything else of it letter by letter. */
const NEW_BODY = `replace(t.body::text, '"sealed":"' || n.before || '"', '"sealed":"' || n.after || '"')::json`

const alerts: ResealTable = {
  name: 'alerts',
  numeric: false,
  look: lookAt(
    'alerts',
    'id',
    `form = 1 AND (${BODY} OR ${other('scope_value')} OR EXISTS (SELECT 1 FROM unnest(targets) AS t WHERE ${other('t')}))`,
  ),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ id: string; form: number; body: SealedAlert; scope_value: string; targets: readonly string[] }>(
      'SELECT id, form, body, scope_value, targets FROM alerts WHERE id = ANY ($1) AND form = 1 FOR UPDATE SKIP LOCKED',
      [places],
    )
    const { renewed, refused } = renewEach(rows, (row) => {
      const alert: Alert = openAlert(renewal, row)
      const values = alertValues(alert)
      const index = (held: string): string => renewal.index('alerts.target', held, values)
      const { sealed } = row.body
      const after = renewal.cell(sealed, alertCell(row.id))
      return { id: row.id, before: sealed, after, scope_value: index(row.scope_value), targets: row.targets.map(index) }
    })
    await client.query(
      `UPDATE alerts t SET body = ${NEW_BODY}, scope_value = n.scope_value, targets = n.targets
       FROM json_to_recordset($1::json) AS n (id text, before text, after text, scope_value text, targets text[]) WHERE t.id = n.id`,
      [JSON.stringify(renewed)],
    )
    return { resealed: renewed.length, refused, kept: 0 }
  },
}

const decisions: ResealTable = {
  name: 'decisions',
  numeric: false,
  look: lookAt('decisions', 'id', `form = 1 AND (${BODY} OR ${other('target_value')})`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ id: string; revision: number; form: number; body: SealedDecision; target_value: string }>(
      'SELECT id, revision, form, body, target_value FROM decisions WHERE id = ANY ($1) AND form = 1 FOR UPDATE SKIP LOCKED',
      [places],
    )
    const { renewed, refused } = renewEach(rows, (row) => {
      const { target } = openDecision(renewal, row)
      const before = row.body.sealed
      const after = renewal.cell(before, decisionCell(row.id, row.revision))
      return { id: row.id, before, after, target_value: renewal.index('decisions.target', row.target_value, [target.value]) }
    })
    await client.query(
      `UPDATE decisions t SET body = ${NEW_BODY}, target_value = n.target_value
       FROM json_to_recordset($1::json) AS n (id text, before text, after text, target_value text) WHERE t.id = n.id`,
      [JSON.stringify(renewed)],
    )
    return { resealed: renewed.length, refused, kept: 0 }
  },
}

const detectionState: ResealTable = {
  name: 'detection_state',
  numeric: false,
  look: lookAt('detection_state', 'key', `form = 1 AND ${other(`btrim(entry::text, '"')`)}`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ key: string; entry: string }>(
      'SELECT key, entry FROM detection_state WHERE key = ANY ($1) AND form = 1 FOR UPDATE SKIP LOCKED',
      [places],
    )
    const cells = rows.map(({ key, entry }) => ({ place: key, sealed: entry, cell: stateCell(key) }))
    return resealCells(renewal, cells, async (...values) => {
      const text = `UPDATE detection_state t SET entry = to_json(n.after) FROM unnest($1::text[], $2::text[], $3::text[]) AS n (key, before, after)
        WHERE t.key = n.key AND t.entry::text = '"' || n.before || '"'`
      return (await client.query(text, values)).rowCount ?? 0
    })
  },
}

/** A table of rows with one sealed column each. What says that a row has changed stays: to whoever read it before, it has not. */
const cellTable = (name: string, key: string, column: string, cellOf: (place: string) => Cell): ResealTable => ({
  name,
  numeric: false,
  look: lookAt(name, key, other(column)),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ place: string; sealed: string }>(
      `SELECT ${key} AS place, ${column} AS sealed FROM ${name} WHERE ${key} = ANY ($1) AND ${column} IS NOT NULL FOR UPDATE SKIP LOCKED`,
      [places],
    )
    const cells = rows.map(({ place, sealed }) => ({ place, sealed, cell: cellOf(place) }))
    return resealCells(renewal, cells, async (...values) => {
      const text = `UPDATE ${name} t SET ${column} = n.after FROM unnest($1::text[], $2::text[], $3::text[]) AS n (place, before, after)
        WHERE t.${key} = n.place AND t.${column} = n.before`
      return (await client.query(text, values)).rowCount ?? 0
    })
  },
})

const incidentLinks: ResealTable = {
  name: 'incident_links',
  numeric: false,
  look: lookAt('incident_links', 'id', `kind = 'subject' AND (${other('sealed')} OR ${other('term')})`),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<{ id: string; sealed: string; term: string }>(
      `SELECT id, sealed, term FROM incident_links WHERE id = ANY ($1) AND kind = 'subject' FOR UPDATE SKIP LOCKED`,
      [places],
    )
    const { renewed, refused } = renewEach(rows, ({ id, sealed, term }) => ({
      id,
      sealed: renewal.cell(sealed, linkCell(id)),
      term: renewal.index('alerts.target', term, [renewal.open(sealed, linkCell(id))]),
    }))
    await client.query(
      `UPDATE incident_links t SET sealed = n.sealed, term = n.term
       FROM json_to_recordset($1::json) AS n (id text, sealed text, term text) WHERE t.id = n.id`,
      [JSON.stringify(renewed)],
    )
    return { resealed: renewed.length, refused, kept: 0 }
  },
}

type SubjectCells = {
  readonly id: string
  readonly sealed: string
  readonly user_index: string
  readonly name_index: string | null
  readonly email_index: string | null
  readonly target_terms: readonly string[]
}

const SUBJECT_INDEXES = ['user_index', 'name_index', 'email_index'] as const

const subjects: ResealTable = {
  name: 'subjects',
  numeric: false,
  look: lookAt(
    'subjects',
    'id',
    `(${['sealed', ...SUBJECT_INDEXES].map(other).join(' OR ')} OR EXISTS (SELECT 1 FROM unnest(target_terms) AS t WHERE ${other('t')}))`,
  ),
  reseal: async (client, renewal, { places }) => {
    const { rows } = await client.query<SubjectCells>(
      `SELECT id, sealed, ${SUBJECT_INDEXES.join(', ')}, target_terms FROM subjects WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED`,
      [places],
    )
    const { renewed, refused } = renewEach(rows, (row) => {
      const person = openPerson(renewal, row)
      const index = (held: string | null): string | null =>
        held === null ? null : renewal.index('events.user', held, textOf(person.id).concat(textOf(person.name), textOf(person.email)))
      return {
        id: row.id,
        sealed: renewal.cell(row.sealed, subjectCell(row.id)),
        user_index: index(row.user_index),
        name_index: index(row.name_index),
        email_index: index(row.email_index),
        target_terms: row.target_terms.map((held) => renewal.index('decisions.target', held, spellingsOf(person))),
      }
    })
    await client.query(
      `UPDATE subjects t SET sealed = n.sealed, user_index = n.user_index, name_index = n.name_index, email_index = n.email_index,
         target_terms = n.target_terms
       FROM json_to_recordset($1::json) AS n (id text, sealed text, user_index text, name_index text, email_index text, target_terms text[])
       WHERE t.id = n.id`,
      [JSON.stringify(renewed)],
    )
    return { resealed: renewed.length, refused, kept: 0 }
  },
}

/** Every table that holds sealed cells or blind indexes; the largest one last. */
export const RESEAL_TABLES: readonly ResealTable[] = [
  operators,
  cellTable('operator_factors', 'operator_id', 'sealed', factorsCell),
  cellTable('shared_state', 'key', 'value', valueCell),
  cellTable('triage_notes', 'id', 'sealed', noteCell),
  cellTable('rule_exceptions', 'id', 'sealed', exceptionCell),
  cellTable('saved_views', 'id', 'sealed', viewCell),
  cellTable('reset_campaigns', 'id', 'sealed', campaignCell),
  subjects,
  cellTable('notification_channels', 'id', 'sealed', channelCell),
  cellTable('notifications', 'id', 'sealed', notificationCell),
  cellTable('enforcers', 'id', 'sealed', reportCell),
  cellTable('lockdowns', 'id', 'sealed', lockdownCell),
  cellTable('incidents', 'id', 'sealed', titleCell),
  incidentLinks,
  cellTable('incident_entries', 'id', 'sealed', entryCell),
  detectionState,
  decisions,
  decisionLog,
  alerts,
  audit,
  events,
]
