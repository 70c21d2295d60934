import { readFileSync } from 'node:fs'
import { type Clock, randomToken } from '@parapet/core'
import { redisAclEvents } from '@parapet/detect'
import type { RedisConfig } from '../config/config.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import type { Input } from './input.js'
import { askRedis } from './redis-connection.js'

/**
 * Asks a Redis for its ACL LOG: refused sign-ins and commands, which stand in no log file. The list is read and emptied in one transaction, so
 * that no try counts twice; `checkpoint` brings it to disk right then.
 */
export const createRedisInput = (
  config: RedisConfig,
  deps: { readonly pipeline: Pick<Pipeline, 'open' | 'hasRoom'>; readonly clock: Clock; readonly checkpoint: () => void },
): Input => {
  const { address } = config
  const { pipeline, clock } = deps
  const channel = pipeline.open(`redis:${address.host}:${address.port}`, 'redis')
  const origin = { id: `${channel.name}:${randomToken(9)}`, born: clock() }
  let count = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  const look = async (): Promise<void> => {
    if (!pipeline.hasRoom()) return
    try {
      const password = config.passwordFile === null ? undefined : readFileSync(config.passwordFile, 'utf8').trim()
      const sign = password === undefined ? [] : [['AUTH', ...(config.user === null ? [] : [config.user]), password]]
      const replies = await askRedis(address, [...sign, ['MULTI'], ['ACL', 'LOG', '128'], ['ACL', 'LOG', 'RESET'], ['EXEC']])
      const done = replies.at(-1)
      const entries = Array.isArray(done) ? (done[0] as unknown) : []
      const events = redisAclEvents(entries, clock())
      channel.counts.error = null
      channel.counts.lines += Array.isArray(entries) ? entries.length : 0
      if (events.length === 0) return
      channel.events(
        events.map((event) => ({ event, key: String(count++) })),
        origin,
      )
      deps.checkpoint()
    } catch (error) {
      channel.counts.error = error instanceof Error ? error.message.slice(0, 200) : 'no answer'
    }
  }
  const go = (): void => {
    running = look()
  }
  return {
    start: () => {
      go()
      timer = setInterval(go, config.everySeconds * 1_000)
    },
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
