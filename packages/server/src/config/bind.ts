import { ParapetError, createAddressSet, parseAddress } from '@parapet/core'
import type { Config } from './schema.js'

const loopback = createAddressSet(['127.0.0.0/8', '::1'])

/** True when only programs on this machine can reach `host`. */
export const isLoopbackHost = (host: string): boolean => {
  const address = parseAddress(host)
  return address === undefined ? host.toLowerCase() === 'localhost' : loopback.has(address)
}

/** Throws `PPT_BIND_CLEARTEXT` when passwords and tokens would cross a network in clear. */
export const assertBind = (config: Pick<Config, 'host' | 'tls'>): void => {
  if (config.tls === undefined && !isLoopbackHost(config.host))
    throw new ParapetError('PPT_BIND_CLEARTEXT', `host is ${config.host} and tls.cert and tls.key are not set`)
}
