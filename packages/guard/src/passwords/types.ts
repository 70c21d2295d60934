/** Why a new password was not taken. */
export type PasswordReason =
  | 'too_short'
  | 'too_long'
  | 'malformed'
  | 'most_used'
  | 'predictable'
  | 'context'
  | 'same'
  | 'breached'
  | 'breach_unknown'

/** What a new password is worth. `unchecked`: the breach service did not answer, and `onOutage` says to accept. */
export type PasswordVerdict =
  | { readonly kind: 'accepted'; readonly breach: 'off' | 'clear' | 'unchecked' }
  | { readonly kind: 'refused'; readonly reason: PasswordReason; /** for the user */ readonly message: string }

/** What a new password must not be made of, or equal. */
export type PasswordContext = {
  /** user name, e-mail address, first and last name: parts of three characters or more count */
  readonly words?: readonly string[]
  /** the stored hash of the old one, which a reset must not bring back */
  readonly previous?: string | undefined
}

/** The breach check: the first five hex digits of the password's SHA-1 leave this machine, nothing else. */
export type BreachOptions = {
  /** of the range interface of Have I Been Pwned, or of a mirror; default `https://api.pwnedpasswords.com/range/` */
  readonly url?: string
  /** what happens to a password that could not be checked; there is no default */
  readonly onOutage: 'accept' | 'refuse'
  /** ms; 2,000 */
  readonly timeoutMs?: number
  readonly fetch?: typeof globalThis.fetch
}

/** What `createPasswords` takes. */
export type PasswordsOptions = {
  /** characters (code points after NFKC); 8 and more */
  readonly minLength?: number
  /** 256; up to 1,024 */
  readonly maxLength?: number
  /** argon2id; 19,456 KiB, 2 passes, 1 lane */
  readonly cost?: { readonly memoryKib?: number; readonly passes?: number; readonly lanes?: number }
  /** names of the application and the like, which a password must not be made of */
  readonly contextWords?: readonly string[]
  /** further passwords that are not taken */
  readonly blocked?: readonly string[]
  readonly breach?: BreachOptions
  /** hashes computed at a time; 2. `maxWaiting` more wait (64); beyond that calls throw `PPT_RATE_LIMITED` with `retryAfterSeconds` */
  readonly maxHashing?: number
  readonly maxWaiting?: number
}

/** Passwords: what is taken, how they are kept and checked. */
export type Passwords = {
  /** Judges a new password; on sign-up and change, never on sign-in. Never throws for a bad password. */
  readonly judge: (password: string, context?: PasswordContext) => Promise<PasswordVerdict>
  /** as a PHC string. Throws `PPT_INVALID` over 4 KiB, `PPT_RATE_LIMITED` when too many hashes wait. */
  readonly hash: (password: string) => Promise<string>
  /** `undefined` as stored hash (nobody goes by this name) takes as long as a real one and is never right. Throws `PPT_INVALID` for a stored hash that is damaged. */
  readonly verify: (stored: string | undefined, password: string) => Promise<boolean>
  /** the stored hash was made at another cost: hash again after the next right password */
  readonly needsRehash: (stored: string) => boolean
  /** whether a new password is the one stored: a reset that was required must bring another */
  readonly isSame: (stored: string, candidate: string) => Promise<boolean>
  readonly status: () => { readonly hashing: number; readonly waiting: number }
}
