/** A map of strings that grows in small pieces. */
export type ShardedMap<T> = {
  get: (key: string) => T | undefined
  set: (key: string, value: T) => void
  delete: (key: string) => void
  has: (key: string) => boolean
  readonly size: () => number
}

const SHARDS = 64

/** Rough and cheap: it reads four letters where addresses and names of one group differ. */
const shardOf = (key: string): number => {
  const { length } = key
  if (length < 13) return length === 0 ? 0 : (key.charCodeAt(length - 1) * 7 + key.charCodeAt(length >> 1)) & (SHARDS - 1)
  return (key.charCodeAt(7) * 3 + key.charCodeAt(8) * 5 + key.charCodeAt(9) * 7 + key.charCodeAt(10) * 11) & (SHARDS - 1)
}

/**
 * One large map doubles at once, and all rules' maps at the same event when each event opens a group in each of them: a pause of more than a
 * millisecond that an attacker can time. Many small ones double one by one.
 */
export const createShardedMap = <T>(): ShardedMap<T> => {
  const shards = Array.from({ length: SHARDS }, () => new Map<string, T>())
  const of = (key: string): Map<string, T> => shards[shardOf(key)] as Map<string, T>
  let size = 0
  return {
    get: (key) => of(key).get(key),
    set: (key, value) => {
      const shard = of(key)
      const before = shard.size
      shard.set(key, value)
      size += shard.size - before
    },
    delete: (key) => {
      if (of(key).delete(key)) size--
    },
    has: (key) => of(key).has(key),
    size: () => size,
  }
}
