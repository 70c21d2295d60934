import { Client, type PoolConfig } from 'pg'
import { toDatabaseError } from './errors.js'
import type { DatabaseLog } from './types.js'

/** One connection that hears notifications of any number of channels and comes back by itself. */
export type Listener = {
  listen: (channel: string, fn: (payload: string) => void) => Promise<() => void>
  close: () => Promise<void>
}

const CHANNEL = /^[a-z][a-z_]{0,40}$/
const ignore = (): void => undefined

/** Creates a listener; it connects at the first `listen`. */
export const createListener = (config: PoolConfig, log: DatabaseLog, retryMs = 250): Listener => {
  const channels = new Map<string, Set<(payload: string) => void>>()
  let client: Client | undefined
  let connecting: Promise<Client> | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  const call = (channel: string, payload: string): void => {
    for (const fn of channels.get(channel) ?? []) {
      try {
        fn(payload)
      } catch (error) {
        log.error({ channel, error: String(error) }, 'a reader of notifications failed')
      }
    }
  }

  const connect = (): Promise<Client> => {
    if (client !== undefined) return Promise.resolve(client)
    connecting ??= (async () => {
      const fresh = new Client({ ...config, application_name: 'parapet-listener' })
      fresh.on('error', ignore)
      fresh.on('notification', ({ channel, payload }) => call(channel, payload ?? ''))
      fresh.on('end', () => {
        if (client !== fresh) return
        client = undefined
        scheduleRetry()
      })
      try {
        await fresh.connect()
        for (const channel of channels.keys()) await fresh.query(`LISTEN ${channel}`)
      } catch (error) {
        await fresh.end().catch(ignore)
        throw toDatabaseError(error)
      }
      client = fresh
      return fresh
    })().finally(() => {
      connecting = undefined
    })
    return connecting
  }

  const reconnect = async (): Promise<void> => {
    try {
      await connect()
    } catch {
      scheduleRetry()
      return
    }
    // what was notified meanwhile is lost: every reader looks for itself
    for (const channel of channels.keys()) call(channel, '')
  }

  const scheduleRetry = (): void => {
    if (closed || retry !== undefined || channels.size === 0) return
    retry = setTimeout(() => {
      retry = undefined
      void reconnect()
    }, retryMs)
    retry.unref()
  }

  return {
    listen: async (channel, fn) => {
      if (!CHANNEL.test(channel)) throw new TypeError(`not a channel name: ${channel}`)
      const readers = channels.get(channel)
      if (readers === undefined) {
        const held = await connect()
        channels.set(channel, channels.get(channel) ?? new Set())
        await held.query(`LISTEN ${channel}`).catch((error: unknown) => {
          if (channels.get(channel)?.size === 0) channels.delete(channel)
          throw toDatabaseError(error)
        })
      }
      // every caller gets an entry of its own, so that the same function may listen twice
      const entry = (payload: string): void => fn(payload)
      channels.get(channel)?.add(entry)
      return () => {
        channels.get(channel)?.delete(entry)
      }
    },
    close: async () => {
      closed = true
      clearTimeout(retry)
      channels.clear()
      const held = client ?? (await connecting?.catch(ignore))
      client = undefined
      await held?.end().catch(ignore)
    },
  }
}
