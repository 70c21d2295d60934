import { addressKey, type Clock, MINUTE, SECOND } from '@parapet/core'
import { createProtectedTargets, type ProtectedTargets } from '@parapet/respond'
import type { Config } from '../config/index.js'
import type { Presence } from '../modules/operators/index.js'
import type { OwnNetwork } from './own-network.js'

/** How often the list is made anew: operators come and go. */
const REFRESH_MS = 2 * SECOND
/** How often the machine is asked for its own addresses. */
const NETWORK_MS = MINUTE

/** The list of protected targets that follows operators and the machine's network. */
export type LiveProtectedTargets = ProtectedTargets & { readonly refreshNetwork: () => Promise<void> }

/**
 * Protects without being told: loopback, own interfaces, gateway, DNS, declared proxies, the allow-list, and where operators are
 * signed in from, IPv6 by its /64 as bans are.
 */
export const createLiveProtectedTargets = (deps: {
  config: Pick<Config, 'allowList' | 'trustedProxies'>
  presence: Pick<Presence, 'addresses'>
  clock: Clock
  readNetwork: () => Promise<OwnNetwork>
  network: OwnNetwork
}): LiveProtectedTargets => {
  let { network } = deps
  let networkAt = deps.clock()
  let held: { targets: ProtectedTargets; at: number } | undefined
  const refreshNetwork = async (): Promise<void> => {
    networkAt = deps.clock()
    network = await deps.readNetwork()
    held = undefined
  }
  const current = (): ProtectedTargets => {
    const now = deps.clock()
    if (now - networkAt >= NETWORK_MS) void refreshNetwork().catch(() => undefined)
    if (held !== undefined && now - held.at < REFRESH_MS) return held.targets
    const targets = createProtectedTargets({
      allowList: deps.config.allowList,
      proxies: deps.config.trustedProxies,
      ownAddresses: network.ownAddresses,
      gateways: network.gateways,
      dns: network.dns,
      operators: deps.presence.addresses().map((address) => addressKey(address) ?? address),
    })
    held = { targets, at: now }
    return targets
  }
  return { reasonFor: (target) => current().reasonFor(target), refreshNetwork }
}
