import { LOOPBACK, parseAddress, ParapetError } from '@parapet/core'

/** Where the control plane is and as whom the command speaks. */
export type Connection = { readonly url: URL; readonly token: string }

/** What tells a command where the control plane is; options win over the environment. */
export type ConnectionSources = {
  readonly url?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** the address and the token of the server of this machine's data directory, asked only when they are needed */
  readonly local: () => Promise<{ readonly url: string; readonly token: string | undefined }>
}

const isLoopback = ({ hostname }: URL): boolean => {
  const address = parseAddress(hostname)
  return address === undefined ? hostname === 'localhost' || hostname.endsWith('.localhost') : LOOPBACK.has(address)
}

const readUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new ParapetError('PPT_CONFIG_INVALID', `PARAPET_URL (or --url) takes a URL such as http://localhost:8700`)
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new ParapetError('PPT_CONFIG_INVALID', `PARAPET_URL: a token for ${url.host} would cross the network in clear; write https://`)
  }
  return url
}

/**
 * Finds the control plane. The token of the data directory is for this machine only: it is never sent to another host.
 * Throws `PPT_CONFIG_INVALID`, and `PPT_UNAUTHENTICATED` when there is no token to send.
 */
export const findConnection = async (sources: ConnectionSources): Promise<Connection> => {
  const stated = sources.url ?? sources.env['PARAPET_URL']
  const token = sources.env['PARAPET_TOKEN']
  const given = stated === undefined || stated === '' ? undefined : readUrl(stated)
  if (token !== undefined && token !== '') return { url: given ?? readUrl((await sources.local()).url), token }
  if (given !== undefined && !isLoopback(given))
    throw new ParapetError('PPT_UNAUTHENTICATED', `set PARAPET_TOKEN to a token of ${given.host}`)
  const local = await sources.local()
  if (local.token === undefined) {
    throw new ParapetError(
      'PPT_UNAUTHENTICATED',
      'no server has run on this data directory yet: run parapet serve, or set PARAPET_URL and PARAPET_TOKEN',
    )
  }
  return { url: given ?? readUrl(local.url), token: local.token }
}
