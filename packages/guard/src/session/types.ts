/** What a session does about requests that look like somebody else's: `score` weighs signs, `strict` is bound to the address, `off` does nothing. */
export type SessionBinding = 'score' | 'strict' | 'off'

/** One sign that a session is used by somebody else than the one who signed in. */
export type RiskSignal =
  /** a network (/24 of IPv4, /48 of IPv6) that the session has not been used from */
  | 'network_changed'
  /** another autonomous system */
  | 'asn_changed'
  | 'country_changed'
  /** farther from the last place than anybody travels in the time between */
  | 'impossible_travel'
  /** used from two networks in turns, in different autonomous systems or countries */
  | 'simultaneous_use'
  /** another browser; versions do not count */
  | 'browser_changed'
  | 'platform_changed'
  /** the same browser asks for the pages of another kind of device, as "request desktop site" does */
  | 'desktop_mode'
  /** User-Agent and client hints of one request disagree */
  | 'hints_disagree'
  /** the browser used to send client hints, and sends none */
  | 'hints_missing'
  | 'language_changed'
  /** `strict`: not the address that signed in */
  | 'address_changed'
  /** `strict`: nobody knows the address, so that nothing can be held to it */
  | 'address_unknown'

/** What to do: nothing, tell, ask who it is, give a new id, end it. */
export type RiskLevel = 'none' | 'observe' | 'step_up' | 'rotate' | 'revoke'

/** What signs came to. `score` is the sum of their weights. */
export type SessionRisk = { readonly kind: RiskLevel; readonly score: number; readonly signals: readonly RiskSignal[] }

/**
 * A session that was seen at risk, and has not proven itself since: it must step up before it does anything of weight, and can never
 * enrol a factor. `at` in ms UTC.
 */
export type SessionFlag = SessionRisk & { readonly at: number }

/** A way of proving who one is, and when it was last used in this session. `at` in ms UTC. */
export type ProvenFactor = {
  /** `password`, `totp`, `passkey`, `recovery_code`, `reset_token`, ... at most 32 characters */
  readonly factor: string
  readonly at: number
}

/** What a session has to tell; the session layer itself writes no log. Times in ms UTC; `id` is the public one, never the cookie. */
export type SessionReport =
  /** a session looks like somebody else's; told when it gets worse, not with every request */
  | {
      readonly kind: 'at_risk'
      readonly at: number
      readonly id: string
      readonly subject: string
      readonly risk: SessionRisk
      /** where the session is used from now, and where it was */
      readonly place: string | undefined
      readonly placeBefore: string | undefined
      readonly device: string | undefined
      readonly deviceBefore: string | undefined
    }
  /** somebody signed in; `device` and `place` in words, `country` as ISO 3166 code */
  | {
      readonly kind: 'started'
      readonly at: number
      readonly id: string
      readonly subject: string
      readonly device: string | undefined
      readonly place: string | undefined
      readonly country: string | undefined
    }
  /** somebody signed out */
  | { readonly kind: 'signed_out'; readonly at: number; readonly id: string; readonly subject: string }
  /** sessions ended other than by sign-out: tell the user */
  | {
      readonly kind: 'revoked'
      readonly at: number
      readonly subject: string
      readonly ids: readonly string[]
      readonly reason: 'risk' | 'address_changed' | 'replayed' | 'too_many' | 'credential_changed' | 'revoked'
    }
