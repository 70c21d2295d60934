import { hash } from 'node:crypto'
import { type Clock, DAY, type EnforcerReport, type EnforcerView, HOUR, ParapetError } from '@parapet/core'
import type { PoolClient } from 'pg'
import { columnText } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Cell, Vault } from '../../vault/index.js'
import type { Notifications } from '../notifications/index.js'
import { confirmationOf, isReplaced, stateOf, SILENT_MS, troubleOf } from './state.js'
import type { Enforcers } from './types.js'

/** Enforcers of one source that are kept at once, and of all. */
const PER_SOURCE = 64
const MOST = 2_000
/** How long something has to be wrong before people are told, ms: a report amid an apply is no drift. */
const SETTLED_MS = 12_000

/** Where the report of an enforcer is sealed. */
export const reportCell = (id: string): Cell => ({ table: 'enforcers', column: 'sealed', row: [id], type: 'json' })

type Row = {
  readonly id: string
  readonly source_id: string
  readonly source_name: string
  readonly first_at: number
  readonly received_at: number
  readonly sealed: string
  readonly told: string
  readonly differs_since: number | null
  readonly missing_at: number | null
  readonly head: number
  /** reported by the demo: it comes and goes, and nobody is told */
  readonly demo: boolean
}

type Known = { readonly row: Row; readonly view: EnforcerView & { readonly firstAt: number } }

/** Characters that no name of a host or process needs: they would make two enforcers one, or break a line. */
const idOf = (sourceId: string, { kind, instance }: Pick<EnforcerReport, 'kind' | 'instance'>): string =>
  hash('sha256', JSON.stringify([sourceId, kind, instance]), 'hex')

const SAVE = {
  name: 'enforcers-save',
  text: `INSERT INTO enforcers (id, source_id, source_name, kind, address, first_at, received_at, revision, sealed)
    SELECT id, $2, $3, kind, $5, $6, $6, revision, sealed FROM unnest($1::text[], $4::text[], $7::bigint[], $8::text[]) AS e (id, kind, revision, sealed)
    ON CONFLICT (id) DO UPDATE SET source_name = excluded.source_name, address = excluded.address, received_at = excluded.received_at,
      revision = excluded.revision, sealed = excluded.sealed`,
}

/** Creates the module. */
export const createEnforcers = (deps: {
  database: Pick<Database, 'pool'>
  vault: Pick<Vault, 'open' | 'seal'>
  clock: Clock
  notifications: Pick<Notifications, 'enqueueIn'>
}): Enforcers => {
  const { database, vault, clock } = deps
  const { pool } = database
  /** nobody is called silent for what this server missed while it was down */
  const startedAt = clock()

  const read = async (client: Pick<PoolClient, 'query'> = pool): Promise<readonly Known[]> => {
    const now = clock()
    const { rows } = await client.query<Row>(
      `SELECT e.id, source_id, source_name, first_at, received_at, sealed, told, differs_since,
        (SELECT at FROM decision_log WHERE revision > e.revision ORDER BY revision LIMIT 1) AS missing_at,
        (SELECT head FROM log_heads WHERE name = 'decisions') AS head, EXISTS (SELECT 1 FROM sources s WHERE s.id = e.source_id AND s.demo) AS demo
       FROM enforcers e WHERE received_at > $1 ORDER BY source_name, kind, id LIMIT ${MOST}`,
      [now - DAY],
    )
    return rows.map((row): Known => {
      const report = JSON.parse(vault.open(row.sealed, reportCell(row.id))) as EnforcerReport
      const standing = { report, firstAt: row.first_at, receivedAt: row.received_at, missingAt: row.missing_at }
      return {
        row,
        view: {
          ...report,
          source: { id: row.source_id, name: row.source_name },
          receivedAt: row.received_at,
          firstAt: row.first_at,
          state: stateOf(standing, now),
          behind: Math.max(0, row.head - report.revision),
        },
      }
    })
  }
  const present = async (): Promise<readonly Known[]> => {
    const all = await read()
    const views = all.map(({ view }) => view)
    return all.filter(({ view }) => !isReplaced(view, views))
  }
  const shown = ({ view: { firstAt: _firstAt, ...view } }: Known): EnforcerView => view

  /** Writes down what people know of it, and tells them; false: another server was first. */
  const tell = async ({ row, view }: Known, now: number): Promise<boolean> =>
    transaction(pool, async (client) => {
      const { rowCount } = await client.query('UPDATE enforcers SET told = $2, differs_since = $3 WHERE id = $1 AND told = $4', [
        row.id,
        view.state,
        view.state === 'in_step' ? null : now,
        row.told,
      ])
      if (rowCount !== 1) return false
      const what = `${view.kind} ${view.instance} of ${view.source.name}`
      const well = view.state === 'in_step'
      await deps.notifications.enqueueIn(client, {
        kind: 'enforcer',
        level: well ? 'informational' : view.state === 'behind' ? 'medium' : 'high',
        title: well ? `${what} is in step again` : `${what} is ${view.state === 'trouble' ? 'in trouble' : view.state}`,
        text: well ? 'It holds every decision that it should.' : troubleOf(view, now),
        href: '/enforcers',
        audience: 'security',
        group: `enforcer:${row.id}`,
      })
      return true
    })
  /** True when people were told. */
  const judge = async (known: Known, now: number): Promise<boolean> => {
    const { row, view } = known
    if (view.state === row.told) {
      if (view.state === 'in_step' && row.differs_since !== null)
        await pool.query(`UPDATE enforcers SET differs_since = NULL WHERE id = $1 AND told = 'in_step'`, [row.id])
      return false
    }
    if (view.state === 'silent' && now - Math.max(view.receivedAt, startedAt) <= SILENT_MS) return false
    if (view.state !== 'silent' && view.state !== 'in_step' && row.told === 'in_step') {
      if (row.differs_since === null) {
        await pool.query('UPDATE enforcers SET differs_since = $2 WHERE id = $1 AND differs_since IS NULL', [row.id, now])
        return false
      }
      if (now - row.differs_since < SETTLED_MS) return false
    }
    return tell(known, now)
  }

  return {
    take: async (source, reports, address) => {
      const last = new Map(reports.map((report) => [idOf(source.id, report), report]))
      if (last.size === 0) return
      const now = clock()
      await transaction(pool, async (client) => {
        await client.query(`SELECT pg_advisory_xact_lock(hashtext('enforcers'), hashtext($1))`, [columnText(source.id)])
        const ids = [...last.keys()]
        const { rows } = await client.query<{ id: string; received_at: number }>(
          'SELECT id, received_at FROM enforcers WHERE source_id = $1 AND id <> ALL ($2) ORDER BY received_at DESC',
          [columnText(source.id), ids],
        )
        const over = rows.slice(Math.max(0, PER_SOURCE - ids.length))
        // what is silent makes room; what speaks is never put out by somebody with the same token
        if (over.some((row) => now - row.received_at <= SILENT_MS))
          throw new ParapetError('PPT_CONFLICT', `a source has at most ${PER_SOURCE} enforcers: give each a lasting instance name`)
        if (over.length > 0) await client.query('DELETE FROM enforcers WHERE id = ANY ($1)', [over.map((row) => row.id)])
        const list = [...last]
        await client.query({
          ...SAVE,
          values: [
            ids,
            columnText(source.id),
            columnText(source.name),
            list.map(([, report]) => report.kind),
            address ?? null,
            now,
            list.map(([, report]) => report.revision),
            list.map(([id, report]) => vault.seal(JSON.stringify(report), reportCell(id))),
          ],
        })
      })
    },
    list: async () => (await present()).map(shown),
    confirm: async (decisions) => {
      const views = (await present()).map(shown)
      return decisions.map((decision) => views.flatMap((view) => confirmationOf(view, decision) ?? []))
    },
    watch: async () => {
      const now = clock()
      let told = 0
      for (const known of await present()) if (!known.row.demo && (await judge(known, now))) told++
      await pool.query('DELETE FROM enforcers WHERE received_at < $1', [now - DAY])
      return told
    },
    addresses: async () =>
      (
        await pool.query<{ address: string }>(
          'SELECT DISTINCT host(address) AS address FROM enforcers WHERE address IS NOT NULL AND received_at > $1 LIMIT 1000',
          [clock() - HOUR],
        )
      ).rows.map((row) => row.address),
  }
}
