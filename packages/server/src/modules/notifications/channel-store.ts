import { type ChannelKind, type ChannelView, type Clock, DAY, ParapetError, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { columnText } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Cell, Vault } from '../../vault/index.js'
import { checkChannel, type CheckedChannel, targetOf } from './channel-settings.js'
import type { ChannelInput } from './types.js'
import { oneLine } from './words.js'

/** Channels of one installation. */
const MOST = 100
/** How long the secret before signs along, ms. */
const OVERLAP_MS = DAY

/** What of a channel is sealed. `previous`: the secret of a webhook before the present one, and until when it signs along, ms UTC. */
type Sealed = Pick<CheckedChannel, 'settings' | 'secrets'> & { readonly previous?: { readonly secret: string; readonly until: number } }

type Row = {
  readonly id: string
  readonly kind: ChannelKind
  readonly name: string
  readonly sealed: string
  readonly enabled: boolean
  readonly last_sent_at: number | null
  readonly last_error: string | null
}

/** A channel with all that sending takes. Stays within the server. */
export type Channel = CheckedChannel & { readonly id: string; readonly name: string; readonly enabled: boolean; readonly previous?: string }

/** Where settings and secrets of a channel are sealed. */
export const channelCell = (id: string): Cell => ({ table: 'notification_channels', column: 'sealed', row: [id], type: 'json' })

/** Channels at rest. */
export type ChannelStore = {
  readonly list: () => Promise<readonly ChannelView[]>
  readonly create: (input: ChannelInput) => Promise<ChannelView>
  readonly change: (id: string, change: Partial<Omit<ChannelInput, 'kind'>>) => Promise<ChannelView>
  readonly remove: (id: string) => Promise<void>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly open: (id: string) => Promise<Channel>
  readonly noteSent: (id: string) => Promise<void>
  /** `error` in our own words */
  readonly noteFailed: (id: string, error: string) => Promise<void>
}

/** The ids of the channels that are on. */
export const enabledChannels = async (client: Pick<PoolClient, 'query'>): Promise<ReadonlyMap<string, string>> => {
  const { rows } = await client.query<{ id: string; name: string }>('SELECT id, name FROM notification_channels WHERE enabled')
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Creates the store. */
export const createChannelStore = (deps: {
  pool: Pool
  vault: Pick<Vault, 'open' | 'seal'>
  clock: Clock
  canMail: boolean
}): ChannelStore => {
  const { pool, vault, clock, canMail } = deps
  const openRow = (row: Row): Sealed => JSON.parse(vault.open(row.sealed, channelCell(row.id))) as Sealed
  const checked = (row: Row): CheckedChannel => {
    const { settings, secrets } = openRow(row)
    return { kind: row.kind, settings, secrets } as CheckedChannel
  }
  const toView = (row: Row): ChannelView => {
    const channel = checked(row)
    return {
      id: row.id,
      kind: row.kind,
      name: row.name,
      target: targetOf(channel),
      settings: channel.settings,
      enabled: row.enabled,
      lastSentAt: row.last_sent_at,
      lastError: row.last_error,
    }
  }
  const nameOf = (text: string): string => {
    const name = oneLine(text, 100)
    if (name === '') throw new ParapetError('PPT_INVALID', 'name: 1 to 100 characters')
    return name
  }
  const assertMail = (kind: ChannelKind): void => {
    if (kind === 'email' && !canMail)
      throw new ParapetError('PPT_INVALID', 'kind: mails need a mail server; set notifications.smtp in parapet.yml and restart')
  }
  const find = async (id: string): Promise<Row> => {
    const { rows } = await pool.query<Row>('SELECT * FROM notification_channels WHERE id = $1', [columnText(id)])
    if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return rows[0]
  }
  const seal = (id: string, sealed: Sealed): string => vault.seal(JSON.stringify(sealed), channelCell(id))

  return {
    list: async () => {
      const { rows } = await pool.query<Row>('SELECT * FROM notification_channels ORDER BY name, id')
      return rows.map(toView)
    },
    create: async ({ kind, name, enabled, ...given }) => {
      assertMail(kind)
      const { settings, secrets } = checkChannel(kind, given)
      const id = uuidv7(clock())
      const { rows } = await pool.query<Row>(
        `INSERT INTO notification_channels (id, kind, name, sealed, enabled, created_at)
         SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM notification_channels) < ${MOST} RETURNING *`,
        [id, kind, nameOf(name), seal(id, { settings, secrets }), enabled, clock()],
      )
      if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', `${MOST} channels are the most: remove some first`)
      return toView(rows[0])
    },
    change: async (id, change) => {
      const row = await find(id)
      const before = openRow(row)
      const { settings, secrets } = checkChannel(row.kind, {
        settings: change.settings ?? before.settings,
        secrets: { ...(before.secrets as Readonly<Record<string, string>>), ...change.secrets },
      })
      const was = row.kind === 'webhook' ? (before.secrets as { readonly secret: string }).secret : undefined
      const rotated = was !== undefined && change.secrets?.['secret'] !== undefined && change.secrets['secret'] !== was
      const previous = rotated ? { secret: was, until: clock() + OVERLAP_MS } : before.previous
      const { rows } = await pool.query<Row>(
        `UPDATE notification_channels SET name = $2, enabled = $3, sealed = $4, last_error = NULL WHERE id = $1 AND sealed = $5 RETURNING *`,
        [
          row.id,
          change.name === undefined ? row.name : nameOf(change.name),
          change.enabled ?? row.enabled,
          seal(row.id, { settings, secrets, ...(previous === undefined ? {} : { previous }) }),
          row.sealed,
        ],
      )
      if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', 'somebody else changed the channel at this moment')
      return toView(rows[0])
    },
    remove: (id) =>
      transaction(pool, async (client) => {
        const { rows } = await client.query<{
          routes: readonly { name: string; channels: readonly string[]; escalate: readonly { channels: readonly string[] }[] }[]
        }>('SELECT routes FROM notification_routes FOR SHARE')
        const user = rows[0]?.routes.find(
          ({ channels, escalate }) => channels.includes(id) || escalate.some((step) => step.channels.includes(id)),
        )
        if (user !== undefined) throw new ParapetError('PPT_CONFLICT', `the route "${user.name}" uses it: change that first`)
        const { rowCount } = await client.query('DELETE FROM notification_channels WHERE id = $1', [columnText(id)])
        if (rowCount === 0) throw new ParapetError('PPT_NOT_FOUND')
      }),
    open: async (id) => {
      const row = await find(id)
      const { previous } = openRow(row)
      const signs = previous !== undefined && previous.until > clock() ? { previous: previous.secret } : {}
      return { ...checked(row), id: row.id, name: row.name, enabled: row.enabled, ...signs }
    },
    noteSent: async (id) => {
      await pool.query('UPDATE notification_channels SET last_sent_at = greatest(last_sent_at, $2), last_error = NULL WHERE id = $1', [
        id,
        clock(),
      ])
    },
    noteFailed: async (id, error) => {
      await pool.query('UPDATE notification_channels SET last_error = $2 WHERE id = $1', [id, columnText(error, 500)])
    },
  }
}
