/** What the kit sends. */
export type ProbeRequest = {
  readonly method?: string
  /** a path of the target's origin, sent as it is: nothing is normalised */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string | Uint8Array
  /** of the whole exchange, in ms; 10,000 by default */
  readonly timeoutMs?: number
  /** false: send no cookies and keep none */
  readonly cookies?: boolean
  /** no proof of where it comes from: leaves out `Origin` and `Sec-Fetch-*`, which a client sends like a browser by default */
  readonly bare?: boolean
}

/** An answer; bodies beyond 1 MiB are cut. Redirects are never followed. */
export type ProbeAnswer = {
  readonly kind: 'answer'
  readonly status: number
  /** names in lower case */
  readonly headers: ReadonlyMap<string, string>
  readonly setCookies: readonly string[]
  readonly body: Buffer
  readonly text: string
  readonly cut: boolean
  /** from the last byte sent to the first byte of the answer, in ms with fractions */
  readonly waitMs: number
}

/** No answer: `timeout`, `refused`, `reset` (closed before or within the head), `garbage` (not HTTP), `capped` (the kit's own limits). */
export type NoAnswer = {
  readonly kind: 'none'
  readonly why: 'timeout' | 'refused' | 'reset' | 'garbage' | 'capped'
  readonly detail: string
  readonly waitMs: number
}

/** How raw bytes are sent. `drip`: behind them one byte of `text` every `everyMs`, until it is through or the connection ends. */
export type RawOptions = { readonly timeoutMs?: number; readonly drip?: { readonly text: string; readonly everyMs: number } }

/** One visitor of the target: an address, a program and a jar of cookies. Never throws but for a mistake in a probe. */
export type ProbeClient = {
  /** how it is named in evidence */
  readonly name: string
  /** its address as the target sees it; undefined when that cannot be chosen */
  readonly address: string | undefined
  readonly send: (request: ProbeRequest) => Promise<ProbeAnswer | NoAnswer>
  /**
   * Raw bytes over one connection, for what an HTTP library would not send; the answer as far as it came. The tag and the address header
   * are put in behind the first line, nothing else is.
   */
  readonly sendRaw: (bytes: string | Uint8Array, options?: RawOptions) => Promise<ProbeAnswer | NoAnswer>
  readonly cookies: {
    readonly get: (name: string) => string | undefined
    readonly set: (name: string, value: string) => void
    readonly names: () => readonly string[]
    readonly clear: () => void
  }
}

/** Who a client is. */
export type ClientOptions = {
  readonly name?: string
  /** an address of its own (`fresh`, the default), or one given: IPv4 or IPv6, only where the target lets the kit choose */
  readonly address?: string
  /** which program it seems to be; each has its own User-Agent and languages. Default `desktop` */
  readonly program?: 'desktop' | 'phone' | 'script'
}
