import { type NotificationRoute, ParapetError } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import { isZone } from './quiet-hours.js'

/** What is wrong with a list of routes, naming the field; `undefined` when nothing is. `channels`: the ids that exist. */
export const findProblem = (routes: readonly NotificationRoute[], channels: ReadonlySet<string>): string | undefined => {
  const ids = new Set<string>()
  for (const [index, { id, quiet, escalate, channels: told }] of routes.entries()) {
    const place = `${index}`
    if (ids.has(id)) return `${place}.id: every route has an id of its own`
    ids.add(id)
    const unknown = [...told, ...escalate.flatMap((step) => step.channels)].some((channel) => !channels.has(channel))
    if (unknown) return `${place}.channels: there is no such channel`
    if (quiet !== null && !isZone(quiet.zone)) return `${place}.quiet.zone: a time zone such as Europe/Berlin`
    if (quiet !== null && quiet.from === quiet.to) return `${place}.quiet: hours that begin and end at once would never end`
    const times = escalate.map(({ afterMinutes }) => afterMinutes)
    if (times.some((time, step) => step > 0 && time <= (times[step - 1] ?? 0)))
      return `${place}.escalate: each step comes later than the one before`
  }
  return undefined
}

/** Reads the routes in their order. */
export const readRoutes = async (client: Pick<PoolClient, 'query'>): Promise<readonly NotificationRoute[]> => {
  const { rows } = await client.query<{ routes: readonly NotificationRoute[] }>('SELECT routes FROM notification_routes')
  return rows[0]?.routes ?? []
}

/** Puts a list of routes in the place of the one before. Errors: `PPT_INVALID`. */
export const replaceRoutes = (pool: Pool, routes: readonly NotificationRoute[]): Promise<readonly NotificationRoute[]> =>
  transaction(pool, async (client) => {
    // no channel goes meanwhile
    await client.query('SELECT 1 FROM notification_routes FOR UPDATE')
    const { rows } = await client.query<{ id: string }>('SELECT id FROM notification_channels')
    const problem = findProblem(routes, new Set(rows.map(({ id }) => id)))
    if (problem !== undefined) throw new ParapetError('PPT_INVALID', problem)
    await client.query('UPDATE notification_routes SET routes = $1', [JSON.stringify(routes)])
    return routes
  })
