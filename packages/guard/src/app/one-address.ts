import type { ClientAddress } from '../client-address/client-address.js'

/** Requests that are looked at together. */
const SAMPLE = 1_000
/**
 * Requests of one address among them that say: this may be a proxy that nobody has named. At a share of 97 % at least this many are
 * counted, in any order: others are up to 30, and hide as many of his before he is noticed.
 */
const SUSPECT = 940

/**
 * Watches whether nearly all requests resolve to one address. Then a proxy stands in between that `clientAddress` does not name, and
 * everybody shares one limit, one lock and one ban; or there is one client only.
 */
export type OneAddress = {
  /** Notes one request that was let through; gives the address when it made nearly all of a sample, once for each address in a row. */
  readonly note: (client: ClientAddress) => string | undefined
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/**
 * Builds the watch: two addresses and three numbers, whatever comes. Who makes nearly all requests is found by majority vote (Boyer and
 * Moore). `development` leaves out loopback: a developer alone with his application is no proxy.
 */
export const createOneAddress = (options: { readonly development: boolean }): OneAddress => {
  let candidate = ''
  let lead = 0
  let own = 0
  let seen = 0
  let told = ''
  return {
    note: (client) => {
      if (client.kind === 'unknown') return undefined
      seen++
      if (lead === 0 && client.address !== candidate) {
        candidate = client.address
        own = 0
      }
      const his = client.address === candidate
      lead += his ? 1 : -1
      if (his) own++
      if (seen < SAMPLE) return undefined
      const nearlyAll = own >= SUSPECT && !(options.development && isLoopback(candidate))
      const news = nearlyAll && candidate !== told ? candidate : undefined
      told = nearlyAll ? candidate : ''
      candidate = ''
      lead = 0
      own = 0
      seen = 0
      return news
    },
  }
}
