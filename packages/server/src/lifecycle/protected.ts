import { addressKey, type Clock, MINUTE, SECOND } from '@parapet/core'
import { createProtectedTargets, type ProtectedOptions, type ProtectedTargets } from '@parapet/respond'
import type { Config } from '../config/index.js'
import type { Presence } from '../modules/operators/index.js'
import type { OwnNetwork } from './own-network.js'

/** How often the list is made anew: operators come and go. */
const REFRESH_MS = 2 * SECOND
/** How often the machine is asked for its own addresses. */
const NETWORK_MS = MINUTE

/** The list of protected targets that follows operators and the machine's network. */
export type LiveProtectedTargets = ProtectedTargets & {
  readonly refreshNetwork: () => Promise<void>
  /** looks at operators anew with the next question */
  readonly refresh: () => void
  /** what it is made of, now */
  readonly ranges: () => Required<ProtectedOptions>
}

/**
 * Protects without being told: loopback, own interfaces, gateway, DNS, declared proxies, the allow-list, where operators are
 * signed in from and where guards and agents report from, IPv6 by its /64 as bans are.
 */
export const createLiveProtectedTargets = (deps: {
  config: Pick<Config, 'allowList' | 'trustedProxies' | 'forwardAuth'>
  presence: Pick<Presence, 'addresses'>
  clock: Clock
  readNetwork: () => Promise<OwnNetwork>
  /** where guards and agents report from */
  readEnforcers: () => Promise<readonly string[]>
  network: OwnNetwork
}): LiveProtectedTargets => {
  let { network } = deps
  let networkAt = deps.clock()
  let held: { targets: ProtectedTargets; at: number } | undefined
  let enforcers: readonly string[] = []
  const proxies = [...deps.config.trustedProxies, ...deps.config.forwardAuth.flatMap(({ trustedProxies }) => trustedProxies)]
  const refreshNetwork = async (): Promise<void> => {
    networkAt = deps.clock()
    ;[network, enforcers] = await Promise.all([deps.readNetwork(), deps.readEnforcers()])
    held = undefined
  }
  const ranges = (): Required<ProtectedOptions> => ({
    allowList: deps.config.allowList,
    proxies,
    ownAddresses: network.ownAddresses,
    gateways: network.gateways,
    dns: network.dns,
    operators: deps.presence.addresses().map((address) => addressKey(address) ?? address),
    enforcers: enforcers.map((address) => addressKey(address) ?? address),
  })
  const current = (): ProtectedTargets => {
    const now = deps.clock()
    if (now - networkAt >= NETWORK_MS) void refreshNetwork().catch(() => undefined)
    if (held !== undefined && now - held.at < REFRESH_MS) return held.targets
    const targets = createProtectedTargets(ranges())
    held = { targets, at: now }
    return targets
  }
  return { reasonFor: (target) => current().reasonFor(target), refreshNetwork, refresh: () => void (held = undefined), ranges }
}
