import type { Alert } from '@parapet/core'

/** Why something is odd: a sentence without markup, and how much it weighs. */
export type Oddity = { readonly why: string; readonly weight: number }

/** One person in the logs. Times in ms UTC; lists hold the most frequent, most first. */
export type PersonActivity = {
  readonly name: string
  readonly signIns: number
  readonly failures: number
  readonly addresses: readonly string[]
  readonly places: readonly string[]
  readonly lastSignIn: number | null
  readonly lastSeen: number
  /** acts of administration, and records seen, changed or taken out */
  readonly acts: number
  readonly records: number
  readonly oddity: number
  readonly why: readonly Oddity[]
}

/** One address in the logs. */
export type AddressActivity = {
  readonly address: string
  readonly signIns: number
  readonly failures: number
  readonly requests: number
  readonly names: readonly string[]
  readonly lastSeen: number
  readonly oddity: number
  readonly why: readonly Oddity[]
}

/** One act of administration: an account, a right, a setting or a command with another's rights. */
export type AdminAct = {
  readonly at: number
  readonly who: string
  readonly what: string
  readonly on: string | null
  readonly outcome: 'success' | 'failure' | 'unknown'
  readonly oddity: number
  readonly why: readonly Oddity[]
}

/** Who had to do with how many records of one kind. */
export type DataAccess = {
  readonly who: string
  readonly kind: string
  readonly action: string
  readonly count: number
  readonly oddity: number
  readonly why: readonly Oddity[]
}

/** What happened in a period, the oddest first. */
export type ActivityReport = {
  readonly first: number | null
  readonly last: number | null
  readonly events: number
  readonly signIns: number
  readonly failures: number
  readonly people: readonly PersonActivity[]
  readonly addresses: readonly AddressActivity[]
  readonly acts: readonly AdminAct[]
  readonly data: readonly DataAccess[]
  readonly alerts: readonly Alert[]
  /** people, addresses and acts beyond what is kept, not in the lists */
  readonly leftOut: number
}
