import { prefersHtml } from '@parapet/guard'

/** Which proxy asks: it says so in the URL that its configuration holds, which no client can change. */
export const PROXIES = ['nginx', 'traefik', 'caddy'] as const
/** One of {@link PROXIES}. */
export type ProxyKind = (typeof PROXIES)[number]

/** Reads a header by its lower-case name; several of one name joined by `, `. */
export type HeaderReader = (name: string) => string | undefined

/** The request that a client sent to the proxy. */
export type OriginalRequest = {
  readonly method: string
  /** path and query as they came in */
  readonly uri: string
  readonly path: string
  /** a page is the better answer */
  readonly html: boolean
}

/** What a proxy calls the method and the URI. Sources: the documentation of each, named in docs/guides/enforce-with-forward-auth.md. */
const NAMES: Readonly<Record<ProxyKind, { readonly method: string; readonly uri: string }>> = {
  nginx: { method: 'x-original-method', uri: 'x-original-uri' },
  traefik: { method: 'x-forwarded-method', uri: 'x-forwarded-uri' },
  caddy: { method: 'x-forwarded-method', uri: 'x-forwarded-uri' },
}

/** As routers see it: without query and fragment, and without the authority of an absolute target. The whole of it: a part is another path. */
const pathOf = (uri: string): string => {
  const end = uri.search(/[?#]/)
  const target = (end < 0 ? uri : uri.slice(0, end)).replace(/^[a-z][a-z\d+.-]*:\/\/[^/\\]*/i, '')
  return target.startsWith('/') ? target : `/${target}`
}

/**
 * Reads what the proxy wrote about the request. Only the names that this proxy itself writes are looked at: a client's own `X-Original-URI`
 * passes through Traefik unread. `undefined` when the proxy is not configured to say it, and never for what a client asked, however odd: a
 * proxy that lets everybody pass when it is not answered would let him pass.
 */
export const readOriginal = (header: HeaderReader, proxy: ProxyKind): OriginalRequest | undefined => {
  const names = NAMES[proxy]
  const method = header(names.method)?.slice(0, 32).toUpperCase()
  const uri = header(names.uri)
  if (method === undefined || method === '' || uri === undefined) return undefined
  return { method, uri, path: pathOf(uri), html: prefersHtml({ method, url: uri, header, peer: undefined, secure: false }) }
}
