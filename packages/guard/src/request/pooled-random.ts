import type { RandomSource } from '@parapet/core'

/** Bytes fetched at a time. */
const POOL = 4_096

/** Fetches randomness in pages and gives every byte out once: a call to the system for each request costs more than all else. */
export const pooledRandom = (source: RandomSource): RandomSource => {
  let page = new Uint8Array(0)
  let used = 0
  return (bytes) => {
    if (bytes > POOL) return source(bytes)
    if (used + bytes > page.length) {
      page = new Uint8Array(source(POOL))
      used = 0
    }
    const part = page.slice(used, used + bytes)
    // what was given out is not kept here
    page.fill(0, used, used + bytes)
    used += bytes
    return part
  }
}
