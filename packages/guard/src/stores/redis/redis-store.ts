import { type Clock, ParapetError, type RandomSource, randomToken, type Store, systemClock, systemRandom } from '@parapet/core'
import { type Gcra, gcraAnswer } from '../../limiter/rules.js'
import type { LimitAnswer, LimitCapable, LimitRule, LimitStore, StoreTake } from '../../limiter/types.js'
import { knownOptions, optionError } from '../../options/check.js'
import { checkKey, checkWrite } from '../../store/bounds.js'
import { createGuarded, type OutageOptions } from '../../store/guarded.js'
import { decodeText, encodeText } from '../encode-text.js'
import { DROP, gcraScript, GIVE, LIST, READ, REMOVE, REMOVE_GROUP, type Script, TAKE, WRITE } from './scripts.js'

/** What is used of a client; `Redis` and `Cluster` of ioredis 5 or later have it. */
export type RedisClient = {
  readonly evalsha: (sha: string, keys: number, ...rest: string[]) => Promise<unknown>
  readonly eval: (script: string, keys: number, ...rest: string[]) => Promise<unknown>
  readonly options?: { readonly enableOfflineQueue?: boolean | undefined }
  readonly isCluster?: boolean
}

/** What {@link redisStore} takes beside the client. */
export type RedisStoreOptions = OutageOptions & {
  /**
   * Begins every key; default `{parapet}:`. The part in braces puts all of them into one slot of a cluster, without which no step over
   * several keys could be atomic there.
   */
  readonly prefix?: string
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** A store in Redis 7 or Valkey that several processes share: sessions, counters and limits. */
export type RedisStore = Store & LimitCapable

const KIND = { gcra: 'g', fixed_window: 'f', sliding_window: 's', concurrency: 'c' } as const

const readPrefix = (value: unknown, isCluster: boolean): string => {
  const prefix = value ?? '{parapet}:'
  const fix = "give up to 64 letters, digits and : _ - . { }, such as '{shop}:'"
  if (typeof prefix !== 'string' || !/^[\w:.{}-]{0,64}$/.test(prefix)) throw optionError('redisStore.prefix', value, fix)
  if (isCluster && !/\{[^{}]+\}/.test(prefix))
    throw optionError('redisStore.prefix', value, "on a cluster give one with braces, such as '{shop}:'")
  return prefix
}

const readClient = (client: RedisClient): void => {
  if (typeof client !== 'object' || client === null || typeof client.evalsha !== 'function' || typeof client.eval !== 'function')
    throw optionError('redisStore client', typeof client, 'give a client of ioredis: new Redis(url, { enableOfflineQueue: false })')
  const { options } = client
  // with the queue every call of an outage waits for the end of it, and is counted then
  if (typeof options === 'object' && options !== null && options.enableOfflineQueue !== false)
    throw optionError(
      'redisStore client.options.enableOfflineQueue',
      options.enableOfflineQueue,
      'create it with enableOfflineQueue: false',
    )
}

const integer = (value: unknown): number => {
  if (typeof value !== 'number') throw new ParapetError('PPT_STORE_UNAVAILABLE', 'redisStore gave an answer of another shape')
  return value
}

const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new ParapetError('PPT_STORE_UNAVAILABLE', 'redisStore gave an answer of another shape')
  return value
}

type Judged = Awaited<ReturnType<LimitStore['take']>>

/** Scripts kept for lists of rules. */
const MOST_PLANS = 64
/** The rules of a list of takes so far, its script, and the lists that go on from here. */
type Plan = { readonly rules: readonly Gcra[]; script: Script | undefined; readonly next: Map<LimitRule, Plan> }

const NOTHING: readonly string[] = []
const none = (): void => undefined

/** Four numbers for each take, after the time. */
const allAnswers = (takes: number, reply: readonly unknown[]): Judged => {
  const answers: LimitAnswer[] = []
  for (let at = 1; at < takes * 4; at += 4) {
    answers.push({
      limited: integer(reply[at]) === 1,
      remaining: integer(reply[at + 1]),
      resetMs: integer(reply[at + 2]),
      retryAfterMs: integer(reply[at + 3]),
    })
  }
  return { at: integer(reply[0]), answers }
}

/** What all rules together mean for takes of cost 1, by how far each key was ahead. */
const gcraAnswers = (rules: readonly Gcra[], reply: readonly unknown[]): Judged => {
  const fits = ({ limit, windowMs }: Gcra, i: number): boolean => integer(reply[i + 1]) <= (limit - 1) * windowMs
  const isAllowed = rules.every(fits)
  return {
    at: integer(reply[0]),
    answers: rules.map((rule, i) => gcraAnswer(rule, integer(reply[i + 1]), isAllowed || !fits(rule, i) ? 1 : 0)),
  }
}

/**
 * Builds a store on a client of Redis. Every method is one script and one round trip; time is Redis's own. Methods reject with
 * `PPT_STORE_UNAVAILABLE` in bounded time. Throws `PPT_CONFIG_INVALID`.
 */
export const redisStore = (client: RedisClient, options: RedisStoreOptions = {}): RedisStore => {
  readClient(client)
  knownOptions('redisStore', options, ['prefix', 'timeoutMs', 'failures', 'retryMs', 'clock', 'random'])
  const prefix = readPrefix(options.prefix, client.isCluster === true)
  const guarded = createGuarded('redisStore', options, options.clock ?? systemClock)
  const [values, groups] = [`${prefix}v:`, `${prefix}g:`]
  const instance = randomToken(12, options.random ?? systemRandom)
  let versions = 0

  const run = <T>({ sha, text }: Script, keys: readonly string[], rest: readonly string[], read: (reply: unknown) => T): Promise<T> =>
    client.evalsha(sha, keys.length, ...keys, ...rest).then(read, (error: unknown) => {
      // a server that was restarted or emptied does not know the script
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.eval(text, keys.length, ...keys, ...rest).then(read)
      throw error
    })

  const ruleWords = new WeakMap<LimitRule, readonly [string, string, string, string]>()
  const wordsOf = (rule: LimitRule): readonly [string, string, string, string] => {
    let words = ruleWords.get(rule)
    if (words === undefined) {
      words = [KIND[rule.kind], String(rule.windowMs), String(rule.limit), rule.kind === 'gcra' ? String(rule.rate) : '1']
      ruleWords.set(rule, words)
    }
    return words
  }
  const kinds = new Map(Object.entries(KIND).map(([kind, letter]) => [kind, `${prefix}l:${letter}:`]))
  const limitKey = ({ key, rule }: Pick<StoreTake, 'key' | 'rule'>): string => kinds.get(rule.kind) + key
  const words = (takes: readonly StoreTake[], lease: string): string[] => {
    const all = [lease]
    for (const { rule, cost } of takes) {
      const [kind, window, limit, rate] = wordsOf(rule)
      all.push(kind, window, limit, rate, cost === 1 ? '1' : String(cost))
    }
    return all
  }

  /** Scripts with the numbers of `gcra` rules in them, by these rules. */
  const root: Plan = { rules: [], script: undefined, next: new Map() }
  let planned = 0
  const planOf = (takes: readonly StoreTake[]): Plan | undefined => {
    let plan = root
    for (const { rule, cost } of takes) {
      if (rule.kind !== 'gcra' || cost !== 1) return undefined
      let next = plan.next.get(rule)
      if (next === undefined) {
        // a server keeps every script that it has seen: rules made up at run time go the general way
        if (planned >= MOST_PLANS) return undefined
        planned++
        next = { rules: [...plan.rules, rule], script: undefined, next: new Map() }
        plan.next.set(rule, next)
      }
      plan = next
    }
    plan.script ??= gcraScript(plan.rules)
    return plan
  }

  const limits: LimitStore = {
    shared: true,
    take: (takes, lease) => {
      const plan = planOf(takes)
      if (plan?.script !== undefined) {
        const { rules } = plan
        return run(plan.script, takes.map(limitKey), NOTHING, (reply) => gcraAnswers(rules, list(reply)))
      }
      return run(TAKE, takes.map(limitKey), words(takes, lease), (reply) => allAnswers(takes.length, list(reply)))
    },
    give: async (takes, lease) => {
      await run(GIVE, takes.map(limitKey), words(takes, lease), none)
    },
    forget: async (takes) => {
      await run(DROP, takes.map(limitKey), NOTHING, none)
    },
  }

  return {
    read: async (key) => {
      checkKey('key', key)
      const [value, version] = await guarded(() => run(READ, [values + encodeText(key)], NOTHING, list))
      return typeof value === 'string' && typeof version === 'string' ? { value: decodeText(value), version } : undefined
    },
    write: async (key, value, settings) => {
      checkWrite(key, value, settings)
      const { ttlMs, ifVersion } = settings
      const name = encodeText(key)
      const group = settings.group === undefined ? [] : [encodeText(settings.group)]
      const condition = ifVersion === undefined ? 'a' : ifVersion === null ? 'n' : `v${ifVersion}`
      const version = `${instance}${(++versions).toString(36)}`
      const rest = [groups, name, encodeText(value), version, String(Math.ceil(ttlMs)), condition, ...group]
      return (await guarded(() => run(WRITE, [values + name], rest, integer))) === 1
    },
    remove: async (key) => {
      checkKey('key', key)
      const name = encodeText(key)
      await guarded(() => run(REMOVE, [values + name], [groups, name], none))
    },
    list: async (group) => {
      checkKey('group', group)
      const name = encodeText(group)
      const flat = await guarded(() => run(LIST, [groups + name], [values, name], list))
      const found: { key: string; value: string }[] = []
      for (let i = 0; i + 1 < flat.length; i += 2) found.push({ key: decodeText(String(flat[i])), value: decodeText(String(flat[i + 1])) })
      return found
    },
    removeGroup: async (group) => {
      checkKey('group', group)
      const name = encodeText(group)
      return guarded(() => run(REMOVE_GROUP, [groups + name], [values, name], integer))
    },
    limits,
  }
}
