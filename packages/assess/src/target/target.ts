/** A test account of the target. Only declared accounts are ever signed in to, guessed at or locked. */
export type Account = {
  /** what is typed as the name */
  readonly name: string
  readonly password: string
  /** base32 secret of its authenticator app; its sign-in asks for a code */
  readonly totp?: string
}

/** A request that the target understands. `{{name}}`, `{{password}}`, `{{code}}` and `{{nonce}}` in values are filled in by the kit. */
export type RequestTemplate = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/**
 * What the kit has to know of an application, from a YAML file (`--target`). Everything is optional: a probe whose need is not declared
 * is `skipped` and says what to declare. Paths are absolute paths of the target's own origin.
 */
export type Target = {
  /** where browsers reach it, when that is not the attacked URL itself (a proxy in front): `https://studio.example` */
  readonly publicOrigin?: string
  /**
   * How the kit may appear at several addresses. `forwarded`: the kit stands where the trusted proxy stands, and the last entry of this
   * header is the client. `loopback` (the default for 127.0.0.0/8): it connects from 127.x.y.z. `none`: one address.
   */
  readonly addresses?: { readonly kind: 'forwarded'; readonly header: string } | { readonly kind: 'loopback' } | { readonly kind: 'none' }
  readonly accounts?: {
    /** two ordinary users who own different objects; neither has a second factor */
    readonly a?: Account
    readonly b?: Account
    /** an administrator, for what needs one signed in */
    readonly admin?: Account
    /** accounts that may be guessed at and locked; each loud probe takes one of its own */
    readonly spare?: readonly Account[]
    /** accounts with `totp`; each probe of codes takes one of its own */
    readonly mfa?: readonly Account[]
  }
  readonly signIn?: {
    /** the page with the form */
    readonly page?: string
    readonly request: RequestTemplate
    /** the second step, when an account has a factor */
    readonly factor?: RequestTemplate
    /** answers 2xx to who is signed in and something else to who is not: how the kit knows */
    readonly proof: string
    /** name of the session's cookie */
    readonly cookie?: string
    readonly signOut?: RequestTemplate
    /** proving anew who one is within a session (step-up); `{{password}}`, `{{code}}`. A new session id is expected of it */
    readonly again?: RequestTemplate
    /** how long a session id that was replaced may still work, in ms, for requests under way; 10,000 by default */
    readonly graceMs?: number
  }
  /** asking for a password reset; `{{name}}` is the account */
  readonly reset?: { readonly request: RequestTemplate }
  /** making an account; `{{name}}` and `{{password}}` */
  readonly signUp?: { readonly request: RequestTemplate }
  readonly pages?: {
    /** for anybody */
    readonly open?: readonly string[]
    /** for any signed-in user */
    readonly signedIn?: readonly string[]
    /** for administrators only */
    readonly admin?: readonly string[]
    /** files: scripts, styles */
    readonly assets?: readonly string[]
  }
  /** things of account `a` that `b` and nobody may read: `path` is one; `list` a page or JSON of `a` that links to them, `pattern` what such a path looks like */
  readonly objects?: readonly { readonly name: string; readonly path?: string; readonly list?: string; readonly pattern?: string }[]
  /** signed links: `page` of account `a` shows them, `pattern` (a prefix of the path) says which; `expired` are links that were good once */
  readonly signedLinks?: readonly {
    readonly name: string
    readonly page: string
    readonly pattern: string
    readonly expired?: readonly string[]
    /** true: the link is meant to open for account `a` only, signed in. Left out, a link opens for whoever has it */
    readonly needsSession?: boolean
  }[]
  /** parameters that lead somewhere; `path` is followed as it is, or after a sign-in when `at` says so */
  readonly redirects?: readonly { readonly path: string; readonly parameter: string; readonly at?: 'open' | 'sign-in' }[]
  /**
   * Acts that change something for account `a` and can be repeated: targets of cross-site requests, raced and malformed bodies. `shows` is a
   * page or JSON of `a` that holds the request's `{{nonce}}` once it was done; without it nobody can tell whether it was.
   */
  readonly writes?: readonly { readonly name: string; readonly request: RequestTemplate; readonly shows?: string }[]
  /** acts of an administrator that must ask who it is anew */
  readonly stepUp?: readonly RequestTemplate[]
  /** after so many seconds a sign-in is too old for the acts in `stepUp`; the probe waits that long, so it must be at most 90 */
  readonly stepUpSeconds?: number
  /** GET pages with a parameter that ends up in the answer, such as a search */
  readonly echoes?: readonly { readonly path: string; readonly parameter: string }[]
  /** where browsers send reports of the content security policy */
  readonly reports?: string
}
