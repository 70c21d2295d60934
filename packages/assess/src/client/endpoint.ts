import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where connections go: an address that stays the same for the whole run, whatever a name resolves to meanwhile. */
export type Endpoint = {
  readonly secure: boolean
  /** name for certificates; the URL's host */
  readonly hostname: string
  /** numeric address that is connected to */
  readonly address: string
  readonly port: number
  /** `Host` header */
  readonly host: string
  /** accept any certificate */
  readonly insecure: boolean
}

/** The endpoint of an origin. `host` replaces the `Host` header, as a proxy in front passes it on. */
export const endpointOf = (
  origin: string,
  options: { readonly address?: string; readonly insecure?: boolean; readonly host?: string } = {},
): Endpoint => {
  const url = new URL(origin)
  const secure = url.protocol === 'https:'
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return {
    secure,
    hostname,
    address: options.address ?? (hostname === 'localhost' ? '127.0.0.1' : hostname),
    port: Number(url.port) || (secure ? 443 : 80),
    host: options.host ?? url.host,
    insecure: options.insecure ?? false,
  }
}

/** Opens a connection, from a given local address where there is one. The caller listens for `connect` or `secureConnect` and errors. */
export const openSocket = (endpoint: Endpoint, localAddress: string | undefined): Socket => {
  const where = { host: endpoint.address, port: endpoint.port, ...(localAddress === undefined ? {} : { localAddress }) }
  if (!endpoint.secure) return connectTcp(where)
  const isName = !/^[\d.]+$|:/.test(endpoint.hostname)
  return connectTls({
    ...where,
    // a certificate is checked against the URL's host; the pinned address is only where it is found
    ...(isName ? { servername: endpoint.hostname } : {}),
    rejectUnauthorized: !endpoint.insecure,
    ALPNProtocols: ['http/1.1'],
  })
}

/** The event that says that bytes may be sent. */
export const readyEvent = (endpoint: Endpoint): 'connect' | 'secureConnect' => (endpoint.secure ? 'secureConnect' : 'connect')
