/** Why a target was taken for one that leads away. */
export type RedirectReason =
  /** no text, or an empty one */
  | 'no_text'
  | 'too_long'
  /** a control character, a space or a backslash: browsers drop or turn them, so that what is checked is not what is followed */
  | 'odd_character'
  /** `//host` and what becomes that once decoded: a path that names a host */
  | 'hidden_host'
  /** neither a path that begins with `/` nor an absolute URL of http or https */
  | 'not_a_target'
  | 'credentials'
  | 'origin_not_declared'

/** What {@link Redirects.judge} says about one target. `target` is safe to send as `Location`. */
export type RedirectVerdict =
  | { readonly kind: 'allowed'; readonly target: string }
  | { readonly kind: 'refused'; readonly reason: RedirectReason }

/** A target that was refused, as it came in: hostile text. */
export type RedirectReport = {
  readonly kind: 'redirect_refused'
  /** ms UTC */
  readonly at: number
  readonly reason: RedirectReason
  readonly target: string
}

/** Tells targets that stay here from those that lead away. */
export type Redirects = {
  readonly judge: (target: unknown) => RedirectVerdict
  /** the target when it is allowed, otherwise the fallback; never throws for what came in */
  readonly safe: (target: unknown, fallback?: string) => string
}
