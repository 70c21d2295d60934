import { LOOPBACK, ParapetError, parseAddress } from '@parapet/core'
import type { Config } from './schema.js'

/** True when only programs on this machine can reach `host`. */
export const isLoopbackHost = (host: string): boolean => {
  const address = parseAddress(host)
  return address === undefined ? host.toLowerCase() === 'localhost' : LOOPBACK.has(address)
}

/** Throws `PPT_BIND_CLEARTEXT` when passwords and tokens would cross a network in clear. */
export const assertBind = (config: Pick<Config, 'host' | 'tls'>): void => {
  if (config.tls === undefined && !isLoopbackHost(config.host))
    throw new ParapetError('PPT_BIND_CLEARTEXT', `host is ${config.host} and tls.cert and tls.key are not set`)
}
