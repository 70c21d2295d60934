/** One request to somebody else's server. */
export type OutboundRequest = {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** `https:`; `http:` only to addresses that the operator allows by `notifications.allowPrivate` */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** for everything together, from the look-up of the name to the last byte; 15 s by default */
  readonly timeoutMs?: number
}

/**
 * What came of it. A redirect is an answer, and nobody follows it. `failed` says in a sentence what went wrong, and whether it may be better
 * later; nothing of it holds the path, the query or a header of the request.
 */
export type OutboundResult =
  | {
      readonly kind: 'answer'
      readonly status: number
      /** the first 16 KiB of it; hostile */
      readonly body: string
      /** from `Retry-After`, at most a day */
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'failed'; readonly retry: boolean; readonly detail: string }

/** The way out: names are looked up once, addresses are checked and pinned, everything is bounded. Never throws. */
export type Outbound = { readonly send: (request: OutboundRequest) => Promise<OutboundResult> }
