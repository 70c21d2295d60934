import {
  type AlertView,
  type Clock,
  type Decision,
  type IncidentAct,
  type IncidentStatus,
  type IncidentView,
  LEVELS,
  ParapetError,
  type PersonRef,
} from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Vault } from '../../vault/index.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision } from '../decisions/sealed-decision.js'
import type { Notifications } from '../notifications/index.js'
import { linkCell, titleCell } from './cells.js'
import { addLinks, type Link, type LinkKind, termsOf } from './links.js'
import { insertIncident, openOrJoin } from './open-incident.js'
import { addEntries, readTimeline } from './timeline.js'
import type { Incidents, NewIncidentEntry } from './types.js'

type Row = {
  readonly id: string
  readonly number: number
  readonly severity: number
  readonly status: IncidentStatus
  readonly opened_at: number
  readonly by_id: string
  readonly by_name: string
  readonly updated_at: number
  readonly closed_at: number | null
  readonly assignee: string | null
  readonly assignee_name: string | null
  readonly lockdown_offered: boolean
  readonly sealed: string
  readonly links: readonly { readonly id: string; readonly kind: LinkKind; readonly term: string; readonly sealed: string | null }[]
  readonly alerts: number
  readonly decisions: number
}

/** Subjects and addresses that a view shows, and alerts and decisions that a page holds. */
const SHOWN = 50
const SHOWN_RECORDS = 100

const SELECT = `SELECT i.*,
  coalesce((SELECT json_agg(json_build_object('id', l.id, 'kind', l.kind, 'term', l.term, 'sealed', l.sealed) ORDER BY l.place)
    FROM (SELECT * FROM incident_links WHERE incident_id = i.id AND kind IN ('subject', 'address') ORDER BY place LIMIT ${2 * SHOWN}) AS l), '[]') AS links,
  (SELECT count(*)::int FROM incident_links WHERE incident_id = i.id AND kind = 'alert') AS alerts,
  (SELECT count(*)::int FROM incident_links WHERE incident_id = i.id AND kind = 'decision') AS decisions
  FROM incidents i`

const isOpen = (status: IncidentStatus): boolean => status === 'open' || status === 'contained'

const toView = (vault: Pick<Vault, 'open'>, row: Row): IncidentView => ({
  id: row.id,
  number: row.number,
  title: vault.open(row.sealed, titleCell(row.id)),
  severity: LEVELS[row.severity] ?? 'critical',
  status: row.status,
  openedAt: row.opened_at,
  openedBy: { id: row.by_id, name: row.by_name },
  updatedAt: row.updated_at,
  closedAt: row.closed_at,
  assignee: row.assignee === null ? null : { id: row.assignee, name: row.assignee_name ?? '' },
  subjects: row.links
    .flatMap(({ id, kind, sealed }) => (kind === 'subject' && sealed !== null ? [vault.open(sealed, linkCell(id))] : []))
    .slice(0, SHOWN),
  addresses: row.links.flatMap(({ kind, term }) => (kind === 'address' ? [term] : [])).slice(0, SHOWN),
  alerts: row.alerts,
  decisions: row.decisions,
})

const gone = (): ParapetError => new ParapetError('PPT_NOT_FOUND', 'there is no such incident')

/** What an act writes into the row, and into the timeline. */
type Change = { readonly set: string; readonly values: readonly unknown[]; readonly entry: Pick<NewIncidentEntry, 'kind' | 'text' | 'ref'> }

const statusChange = (from: IncidentStatus, act: Extract<IncidentAct, { act: 'status' }>, now: number): Change => {
  const words = act.text === undefined || act.text.trim() === '' ? '' : ` ${act.text.trim()}`
  return {
    set: 'status = $3, closed_at = $4',
    values: [act.status, act.status === 'closed' ? now : null],
    entry: { kind: 'status', text: `From ${from} to ${act.status}.${words}`, ref: null },
  }
}

/** Creates the module. Names are in clear in what it answers. */
export const createIncidents = (deps: {
  pool: Pool
  clock: Clock
  vault: Pick<Vault, 'seal' | 'open' | 'term' | 'terms'>
  alerts: { readonly byIds: (ids: readonly string[]) => Promise<readonly AlertView[]> }
  notifications: Pick<Notifications, 'enqueueIn'>
}): Incidents => {
  const { pool, clock, vault, alerts, notifications } = deps

  const tell = (client: PoolClient, view: IncidentView, what: string): Promise<string> =>
    notifications.enqueueIn(client, {
      kind: 'incident',
      level: view.severity,
      title: `INC-${view.number}: ${view.title}`,
      text: what,
      href: `/incidents/${view.id}`,
      group: `incident:${view.id}`,
    })

  const readRow = async (on: Pick<PoolClient, 'query'>, id: string): Promise<Row> => {
    const number = /^(?:INC-)?(\d{1,15})$/i.exec(id)?.[1]
    const { rows } = await on.query<Row>(`${SELECT} WHERE ${number === undefined ? 'i.id' : 'i.number'} = $1`, [number ?? columnText(id)])
    const [row] = rows
    if (row === undefined) throw gone()
    return row
  }
  const linked = async (id: string, kind: LinkKind): Promise<readonly string[]> => {
    const { rows } = await pool.query<{ term: string }>(
      'SELECT term FROM incident_links WHERE incident_id = $1 AND kind = $2 ORDER BY place DESC LIMIT $3',
      [id, kind, SHOWN_RECORDS],
    )
    return rows.map(({ term }) => term)
  }
  const decisionsOf = async (id: string): Promise<readonly Decision[]> => {
    const { rows } = await pool.query<DecisionRow>(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE id = ANY ($1) ORDER BY created DESC`, [
      await linked(id, 'decision'),
    ])
    return rows.map((row) => openDecision(vault, row))
  }
  const get: Incidents['get'] = async (id) => {
    const row = await readRow(pool, id)
    const [timeline, ids, decisions] = await Promise.all([readTimeline(pool, vault, row.id), linked(row.id, 'alert'), decisionsOf(row.id)])
    return {
      incident: toView(vault, row),
      timeline,
      alerts: await alerts.byIds(ids),
      decisions,
      lockdownOffered: row.lockdown_offered && isOpen(row.status),
    }
  }
  /** What the alerts are called, by id. */
  const titlesOf = async (ids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const found = ids.length === 0 ? [] : await alerts.byIds(ids)
    if (found.length < new Set(ids).size) throw new ParapetError('PPT_NOT_FOUND', 'there is no such alert')
    return new Map(found.map(({ id, rule }) => [id, rule.title]))
  }
  const linkIn = async (
    client: PoolClient,
    id: string,
    links: readonly Link[],
    { titles, by, at }: { readonly titles: ReadonlyMap<string, string>; readonly by: PersonRef; readonly at: number },
  ): Promise<void> => {
    const added = await addLinks(client, vault, id, links, at)
    const entries = added.map(({ kind, value }): NewIncidentEntry =>
      kind === 'alert'
        ? { kind: 'alert', text: `The alert "${titles.get(value) ?? ''}" was added.`, ref: value, by, at }
        : { kind: 'linked', text: `The ${kind} ${value} was added.`, ref: null, by, at },
    )
    await addEntries(client, vault, id, entries)
  }
  const assigneeOf = async (client: PoolClient, operatorId: string | null): Promise<PersonRef | null> => {
    if (operatorId === null) return null
    const { rows } = await client.query<PersonRef>('SELECT id, name FROM operators WHERE id = $1', [columnText(operatorId)])
    if (rows[0] === undefined) throw new ParapetError('PPT_INVALID', 'operatorId: there is no such operator')
    return rows[0]
  }
  const changeOf = async (client: PoolClient, row: Row, act: Exclude<IncidentAct, { act: 'link' }>, now: number): Promise<Change> => {
    switch (act.act) {
      case 'status':
        return statusChange(row.status, act, now)
      case 'severity':
        return {
          set: 'severity = $3',
          values: [LEVELS.indexOf(act.severity)],
          entry: { kind: 'severity', text: `From ${LEVELS[row.severity] ?? ''} to ${act.severity}.`, ref: null },
        }
      case 'assign': {
        const who = await assigneeOf(client, act.operatorId)
        return {
          set: 'assignee = $3, assignee_name = $4',
          values: [who?.id ?? null, who?.name ?? null],
          entry: { kind: 'assigned', text: who === null ? 'Assigned to nobody.' : `Assigned to ${who.name}.`, ref: null },
        }
      }
      case 'note':
        break
    }
    return { set: 'status = status', values: [], entry: { kind: 'note', text: act.text, ref: null } }
  }

  return {
    openIn: (client, opening) => openOrJoin(client, vault, opening),
    appendIn: async (client, id, entry) => {
      const { rows } = await client.query('UPDATE incidents SET updated_at = greatest(updated_at, $2) WHERE id = $1 RETURNING 1', [
        id,
        entry.at,
      ])
      if (rows.length > 0) await addEntries(client, vault, id, [entry])
    },
    open: async (request, by) => {
      const at = clock()
      const alertIds = request.alertIds ?? []
      const titles = await titlesOf(alertIds)
      const links = [
        ...alertIds.map((value): Link => ({ kind: 'alert', value })),
        ...(request.subjects ?? []).map((value): Link => ({ kind: 'subject', value })),
        ...(request.addresses ?? []).map((value): Link => ({ kind: 'address', value })),
      ]
      const id = await transaction(pool, async (client) => {
        const made = await insertIncident(client, vault, { title: request.title, severity: request.severity, by, at })
        await linkIn(client, made, links, { titles, by, at })
        await tell(client, toView(vault, await readRow(client, made)), `${by.name} opened it.`)
        return made
      })
      return get(id)
    },
    list: async ({ statuses, severity, assignee, cursor, limit }) => {
      const values: unknown[] = []
      const bind = (value: unknown): string => `$${values.push(value)}`
      const where: string[] = []
      const before = readCursor(cursor)
      if (before !== null) where.push(`i.number < ${bind(before)}`)
      if (statuses !== undefined && statuses.length > 0) where.push(`i.status = ANY (${bind(statuses)})`)
      if (severity !== undefined) where.push(`i.severity >= ${bind(LEVELS.indexOf(severity))}`)
      if (assignee !== undefined) where.push(`i.assignee = ${bind(columnText(assignee))}`)
      const { rows } = await pool.query<Row>(
        `${SELECT} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY i.number DESC LIMIT ${bind(checkLimit(limit) + 1)}`,
        values,
      )
      return pageOf(
        rows,
        limit,
        (row) => row.number,
        (row) => toView(vault, row),
      )
    },
    get,
    act: async (id, act, by) => {
      const at = clock()
      const titles = await titlesOf(act.act === 'link' && act.alertId !== undefined ? [act.alertId] : [])
      const row = await readRow(pool, id)
      await transaction(pool, async (client) => {
        const before = await client.query<{ status: IncidentStatus; severity: number }>(
          'SELECT status, severity FROM incidents WHERE id = $1 FOR UPDATE',
          [row.id],
        )
        const now: Row = { ...row, ...before.rows[0] }
        if (act.act === 'link') {
          const links = (['alert', 'subject', 'address'] as const).flatMap((kind): Link[] => {
            const value = kind === 'alert' ? act.alertId : act[kind]
            return value === undefined ? [] : [{ kind, value }]
          })
          if (links.length === 0) throw new ParapetError('PPT_INVALID', 'link takes alertId, subject or address')
          await linkIn(client, row.id, links, { titles, by, at })
          await client.query('UPDATE incidents SET updated_at = $2 WHERE id = $1', [row.id, at])
          return
        }
        const { set, values, entry } = await changeOf(client, now, act, at)
        await client.query(`UPDATE incidents SET updated_at = $2, ${set} WHERE id = $1`, [row.id, at, ...values])
        await addEntries(client, vault, row.id, [{ ...entry, by, at }])
        if (act.act === 'status' || act.act === 'severity')
          await tell(client, toView(vault, await readRow(client, row.id)), `${by.name}: ${entry.text}`)
      })
      return get(row.id)
    },
    linkedTo: async ({ alertIds, decisionIds, subject, address }) => {
      const links: Link[] = [
        ...(alertIds ?? []).map((value): Link => ({ kind: 'alert', value })),
        ...(decisionIds ?? []).map((value): Link => ({ kind: 'decision', value })),
        ...(subject === undefined ? [] : [{ kind: 'subject', value: subject } as const]),
        ...(address === undefined ? [] : [{ kind: 'address', value: address } as const]),
      ]
      const wanted = links.flatMap((link) => termsOf(vault, link).map((term) => ({ kind: link.kind, term })))
      if (wanted.length === 0) return []
      const { rows } = await pool.query<{ id: string; sealed: string }>(
        `SELECT i.id, i.sealed FROM incidents i WHERE EXISTS (
           SELECT 1 FROM incident_links l JOIN unnest($1::text[], $2::text[]) AS n (kind, term) ON l.kind = n.kind AND l.term = n.term
           WHERE l.incident_id = i.id)
         ORDER BY i.number DESC LIMIT 20`,
        [wanted.map(({ kind }) => kind), wanted.map(({ term }) => term)],
      )
      return rows.map(({ id, sealed }) => ({ id, title: vault.open(sealed, titleCell(id)) }))
    },
  }
}
