import type { Degraded } from '@parapet/core'
import type { RequestLike } from '../request/guard-request.js'

/** What {@link SignedUrls.sign} makes a URL from. */
export type UrlToSign = {
  /** a path such as `/files/42?size=big`, or an absolute URL of http or https; what it asks for is signed with it */
  readonly url: string
  /** default `GET`, which serves `HEAD` as well unless the URL is for single use */
  readonly method?: string
  /** 1,000 to 31,622,400,000 (366 days) */
  readonly expiresInMs: number
  /** who may use it; {@link SignedUrls.verify} must be given the same. It does not stand in the URL */
  readonly subject?: string
  /** good once; needs a store */
  readonly singleUse?: boolean
  /** parameters put behind those of `url` */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>
}

/** What {@link SignedUrls.verify} says about one URL. */
export type SignedUrlVerdict =
  /** `expiresAt` in ms UTC */
  | { readonly kind: 'valid'; readonly expiresAt: number }
  | { readonly kind: 'expired'; readonly expiredAt: number }
  /**
   * `unsigned`: no signature. `malformed`: one that none of ours looks like. `mismatch`: another path, method, parameter or subject.
   * `head`: one for single use, asked for by HEAD, which is not told of
   */
  | { readonly kind: 'tampered'; readonly reason: 'unsigned' | 'malformed' | 'mismatch' | 'head' }
  /** of a single use that somebody made before */
  | { readonly kind: 'used' }
  | Degraded

/** A URL of ours that somebody changed or used a second time. */
export type SignedUrlReport = {
  readonly kind: 'url_tampered' | 'url_used'
  /** ms UTC */
  readonly at: number
  /** as it came in: hostile text */
  readonly url: string
  readonly request: RequestLike | undefined
}

/** Signs URLs and verifies them. */
export type SignedUrls = {
  /** the URL with its signature as last parameter. Throws PPT_CONFIG_INVALID for single use without a store, PPT_INVALID for the rest */
  readonly sign: (input: UrlToSign) => string
  /**
   * Judges a request, or a URL or path by itself (method `GET` unless given). A single use is made here; `use: false` only looks, for a
   * page that asks first. Never rejects.
   */
  readonly verify: (
    what: RequestLike | string,
    options?: { readonly method?: string; readonly subject?: string; readonly use?: boolean },
  ) => Promise<SignedUrlVerdict>
}
