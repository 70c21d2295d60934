import { createAddressSet, type AddressSet } from '@parapet/core'
import type { AddressFacts } from './facts.js'
import { rangeOfTarget, type Target } from './targets.js'

/**
 * Ranges from which content delivery networks reach the servers behind them, as they were in 2025. Facts as published at cloudflare.com/ips and
 * api.fastly.com/public-ip-list. Others (CloudFront, Akamai, Google, Azure) have too many that change too often: for those the number of
 * users behind an address tells.
 */
export const CDN_RANGES: readonly { readonly name: string; readonly ranges: readonly string[] }[] = [
  {
    name: 'Cloudflare',
    ranges: [
      '103.21.244.0/22', '103.22.200.0/22', '103.31.4.0/22', '104.16.0.0/13', '104.24.0.0/14', '108.162.192.0/18', '131.0.72.0/22',
      '141.101.64.0/18', '162.158.0.0/15', '172.64.0.0/13', '173.245.48.0/20', '188.114.96.0/20', '190.93.240.0/20', '197.234.240.0/22',
      '198.41.128.0/17', '2400:cb00::/32', '2405:8100::/32', '2405:b500::/32', '2606:4700::/32', '2803:f800::/32', '2a06:98c0::/29',
      '2c0f:f248::/32',
    ], // prettier-ignore
  },
  {
    name: 'Fastly',
    ranges: [
      '23.235.32.0/20', '43.249.72.0/22', '103.244.50.0/24', '103.245.222.0/23', '103.245.224.0/24', '104.156.80.0/20', '140.248.64.0/18',
      '140.248.128.0/17', '146.75.0.0/17', '151.101.0.0/16', '157.52.64.0/18', '167.82.0.0/17', '167.82.128.0/20', '167.82.160.0/20',
      '167.82.224.0/20', '172.111.64.0/18', '185.31.16.0/22', '199.27.72.0/21', '199.232.0.0/16', '2a04:4e40::/32', '2a04:4e42::/32',
    ], // prettier-ignore
  },
]

/** So many users of one day behind one address are a proxy or a large network more often than one household. */
export const MANY_USERS = 20

let sets: readonly { readonly name: string; readonly set: AddressSet }[] | undefined

/**
 * Why an address looks like many people's at once, as a sentence for people: a warning, never an exemption. Undefined when it does not.
 */
export const sharedAddressWarning = (target: Target, facts: AddressFacts | undefined): string | undefined => {
  const range = rangeOfTarget(target)
  if (range === undefined) return undefined
  sets ??= CDN_RANGES.map(({ name, ranges }) => ({ name, set: createAddressSet(ranges) }))
  const cdn = sets.find(({ set }) => set.has(range.address))
  if (cdn !== undefined)
    return `${target.value} belongs to ${cdn.name}, a proxy that is not declared: everybody who comes through it is hit. Declare it as a proxy, so that the real addresses are seen.`
  if (facts === undefined || facts.users < MANY_USERS) return undefined
  return `${facts.users} users signed in from ${target.value} within a day: it may be a proxy that is not declared, or a large network. Declare it, or put it on the allow-list.`
}
