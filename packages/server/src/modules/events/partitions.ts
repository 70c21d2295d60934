import { DAY } from '@parapet/core'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import { dayOf, weekOf } from './event-row.js'

/** Advisory lock under which partitions are made and dropped. */
const LOCK = 7_274_372
/** Days made beside the current one, so that midnight waits for nobody. */
const AHEAD = 2
/** Weeks of keys kept: the current one and the one before it, which are at least seven days. */
const WEEKS = 2

/** The day and week partitions of events and of their keys. */
export type Partitions = {
  /** Makes sure that what is received at `at` (ms UTC) has a place; at no cost when it is known to. */
  readonly ensure: (at: number) => Promise<void>
  /** forgets what is known, after the database said otherwise */
  readonly forget: () => void
  /** Drops days before `day` (days since 1970-01-01 UTC) and keys too old to matter at `now`. Answers how many tables went. */
  readonly dropBefore: (day: number, now: number) => Promise<number>
}

const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10).replaceAll('-', '')

/** Creates the keeper of partitions; it works as the schema's owner. */
export const createPartitions = (database: Pick<Database, 'owner'>): Partitions => {
  const known = new Set<string>()
  let making: Promise<void> | undefined

  const attach = (parent: string, name: string, from: number): Promise<void> =>
    transaction(database.owner(), async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
      const { rowCount } = await client.query('SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass($1)', [name])
      // made aside and attached: CREATE TABLE ... PARTITION OF would lock readers and writers of the whole table out
      if (rowCount === 0)
        await client.query(
          `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (LIKE ${parent} INCLUDING DEFAULTS); ALTER TABLE ${parent} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${from + 1})`,
        )
      known.add(name)
    })
  const missing = (at: number): (() => Promise<void>)[] => {
    const day = dayOf(at)
    const week = weekOf(at)
    const days = Array.from({ length: AHEAD + 1 }, (_, i) => ['events', `events_${dateOf(day + i)}`, day + i] as const)
    const weeks = [week, weekOf(at + AHEAD * DAY)].map((each) => ['event_keys', `event_keys_w${each}`, each] as const)
    return [...days, ...weeks]
      .filter(([, name]) => !known.has(name))
      .map(
        ([parent, name, from]) =>
          () =>
            attach(parent, name, from),
      )
  }
  const make = async (at: number): Promise<void> => {
    for (const step of missing(at)) await step()
  }

  return {
    ensure: async (at) => {
      if (missing(at).length === 0) return
      making ??= make(at).finally(() => {
        making = undefined
      })
      const today = known.has(`events_${dateOf(dayOf(at))}`) && known.has(`event_keys_w${weekOf(at)}`)
      // only the days ahead are missing: their time will come, and the next append tries again if this fails
      if (today) making.catch(() => undefined)
      else await making.then(() => make(at))
    },
    forget: () => known.clear(),
    dropBefore: async (day, now) => {
      const { rows } = await database.owner().query<{ name: string }>(
        `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent IN ('events'::regclass, 'event_keys'::regclass)`,
      )
      const oldestWeek = weekOf(now) - WEEKS + 1
      const gone = rows
        .map((row) => row.name)
        .filter((name) => {
          const week = /^event_keys_w(\d+)$/.exec(name)?.[1]
          const date = /^events_(\d{4})(\d{2})(\d{2})$/.exec(name)
          return week === undefined
            ? date !== null && dayOf(Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3]))) < day
            : Number(week) < oldestWeek
        })
      let dropped = 0
      for (const name of gone) {
        await transaction(database.owner(), async (client) => {
          // dropping waits for readers, and everybody else would wait behind it
          await client.query(`SET LOCAL lock_timeout = '2s'; SELECT pg_advisory_xact_lock(${LOCK}); DROP TABLE ${name}`)
        })
        known.delete(name)
        dropped++
      }
      await database.owner().query('DELETE FROM event_hours WHERE hour < $1', [day * DAY])
      return dropped
    },
  }
}
