import { ParapetError } from '@parapet/core'

/** The part of `fetch` that is used; the global one by default. */
export type Fetch = typeof globalThis.fetch

/** Where the control plane is and how this client shows who it is. */
export type Endpoint = {
  readonly at: (path: string) => string
  readonly headers: Readonly<Record<string, string>>
  /** plain http to another machine: the token and the events travel in clear */
  readonly cleartext: boolean
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Checks the address and the token at start. Throws `PPT_CONFIG_INVALID`; the token is never shown. */
export const readEndpoint = (url: unknown, token: unknown): Endpoint => {
  const bad = (name: string, detail: string): ParapetError => new ParapetError('PPT_CONFIG_INVALID', `${name} ${detail}`)
  if (typeof url !== 'string' || !URL.canParse(url))
    throw bad('controlPlane.url', 'is no URL; give the address of the control plane, such as http://localhost:8700')
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') throw bad('controlPlane.url', 'is neither http nor https')
  if (parsed.username !== '' || parsed.password !== '')
    throw bad('controlPlane.url', 'holds a name or a password; give the token as controlPlane.token')
  if (parsed.search !== '' || parsed.hash !== '') throw bad('controlPlane.url', 'has a query or a fragment; give the address only')
  if (typeof token !== 'string' || !/^[\x21-\x7e]{8,512}$/.test(token))
    throw bad('controlPlane.token', 'is no token; create one in the console or with parapet')
  const base = parsed.href.replace(/\/$/, '')
  return {
    at: (path) => `${base}${path}`,
    headers: { authorization: `Bearer ${token}` },
    cleartext: parsed.protocol === 'http:' && !LOOPBACK.has(parsed.hostname),
  }
}
