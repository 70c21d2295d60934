/** An attack on many accounts at once. Times in ms UTC; counts are of the window that `windowMs` spans. */
export type CampaignReport =
  /** many names, a few tries each, from wherever: one password is tried on everybody */
  | {
      readonly kind: 'spraying'
      readonly state: 'began' | 'ended'
      readonly at: number
      readonly subjects: number
      readonly attempts: number
      readonly addresses: number
      readonly windowMs: number
    }
  /** many names from one network, most of which nobody goes by: a list of another site's users is tried */
  | {
      readonly kind: 'stuffing'
      readonly state: 'began' | 'ended'
      readonly at: number
      /** `203.0.113.0/24`, `2001:db8::/48` or `as64500` */
      readonly source: string
      readonly subjects: number
      readonly unknown: number
      readonly attempts: number
      readonly windowMs: number
    }

/**
 * What the shield does about unknown devices while a campaign lasts: nothing but tell (`report`), answer `challenge` unless the attempt
 * says that one was passed, or lock a subject after two failures instead of five (`tighten`).
 */
export type CampaignResponse = 'report' | 'challenge' | 'tighten'

/**
 * What keeps a subject from signing in before anything is checked. `block` is answered as `locked`. With `suspend` and `reset` the
 * credential is checked all the same, so that the answer takes as long: `suspend` then is `failed`; `reset` is `reset_required` for the
 * right credential, unless it is a reset token. `until` in ms UTC.
 */
export type LoginHold = { readonly kind: 'block' | 'suspend' | 'reset'; readonly until: number }

/** What `unlockLink` made; put the token into a link to a page whose button sends it by POST: mail scanners follow links. */
export type UnlockLink = { readonly token: string; readonly expiresAt: number }

/** `cookies` make this browser known for the subject: whoever attacks the name cannot lock its owner out here again. */
export type UnlockVerdict =
  | { readonly kind: 'unlocked'; readonly subject: string; readonly cookies: readonly string[] }
  /** never ours, changed, expired or used */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'degraded'; readonly reason: string }
