/** The little that the guard needs to know about a request, whatever the framework. */
export type GuardRequest = {
  readonly method: string
  /** path and query as they came in, undecoded */
  readonly url: string
  /** a header by its lower-case name; several of one name joined by `, ` */
  readonly header: (name: string) => string | undefined
  /** the address of the TCP peer, `undefined` for a Unix socket */
  readonly peer: string | undefined
  /** the connection that ended here is TLS; says nothing about a proxy before it */
  readonly secure: boolean
  /** `false`: what answers it sets no cookie, as with the handshake of a WebSocket; then no session gets a new id by it */
  readonly takesCookies?: false
  /** reads a body that the guard itself answers, such as a report; `undefined` when it is longer than `most` bytes or cannot be read */
  readonly body?: (most: number) => Promise<Uint8Array | undefined>
}

/** What a request of `node:http`, Express or Fastify (`request.raw`) has; matched by structure. */
export type NodeRequest = {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express keeps the whole path here when a router has cut `url` */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean | undefined }
}

/** Reads what is left of a stream, up to `most` bytes. A longer one ends the connection: nobody waits for its rest. */
const readStream = async (stream: AsyncIterable<unknown>, most: number): Promise<Uint8Array | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) return undefined
      size += chunk.length
      if (size > most) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

const isStream = (value: object): value is AsyncIterable<unknown> => Symbol.asyncIterator in value

/** Either of them: every part of the guard takes both. */
export type RequestLike = GuardRequest | NodeRequest

/** Reads a request of `node:http` as a {@link GuardRequest}. */
export const fromNode = (request: NodeRequest): GuardRequest => {
  const { headers, socket } = request
  return {
    method: request.method ?? 'GET',
    url: request.originalUrl ?? request.url ?? '/',
    header: (name) => {
      // own properties only: a name such as `constructor` must not find the prototype's
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined
      return typeof value === 'string' || value === undefined ? value : value.join(', ')
    },
    peer: socket.remoteAddress,
    secure: socket.encrypted === true,
    body: async (most) => (isStream(request) ? readStream(request, most) : undefined),
  }
}

/** Whichever of the two came in, as a {@link GuardRequest}. */
export const asGuardRequest = (request: RequestLike): GuardRequest => ('socket' in request ? fromNode(request) : request)

/** Scheme and authority of a request target in absolute form. Source: RFC 9112, section 3.2.2. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/[^/\\?#]*/i

/**
 * The path of a request target without its query, and the query without its `?`, as routers see them: `http://host/login` and
 * `/login#x`, which no browser sends, are `/login` to Express, and must not be anything else here.
 */
export const splitUrl = (target: string): { readonly path: string; readonly query: string | undefined } => {
  let url = target
  if (url.charCodeAt(0) !== 47) {
    url = url.replace(ABSOLUTE, '')
    if (url !== target && url.charCodeAt(0) !== 47) url = `/${url}`
  }
  const hash = url.indexOf('#')
  if (hash >= 0) url = url.slice(0, hash)
  const mark = url.indexOf('?')
  return mark < 0 ? { path: url, query: undefined } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}
