import type { Clock, RandomSource } from '@parapet/core'
import type { Browser } from 'playwright-core'
import type { ClientOptions, ProbeClient } from './client/types.js'
import type { Account, Target } from './target/target.js'
import type { ProbeVerdict, Severity } from './verdict.js'

/** How a probe treats its target: it reads what anybody sees; it asks unusual things; it attacks (needs consent). */
export type ProbeKind = 'passive' | 'active' | 'intrusive'

/** How a sign-in ended. `session` is the cookie's value after it. */
export type SignInEnd =
  | { readonly kind: 'in'; readonly session: string | undefined }
  /** the second step is asked for: `finish` with a code */
  | { readonly kind: 'factor' }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'limited'; readonly status: number }
  | { readonly kind: 'no-answer'; readonly detail: string }

/** What the runner hands to a collector. */
export type ProbeContext = {
  readonly target: Target
  /** of the attacked URL, such as `http://localhost:3000` */
  readonly origin: string
  /** where browsers reach it: `target.publicOrigin` or `origin` */
  readonly publicOrigin: string
  readonly clock: Clock
  readonly random: RandomSource
  readonly sleep: (ms: number) => Promise<void>
  /** a new visitor */
  readonly client: (options?: ClientOptions) => ProbeClient
  /** the kit can appear at several addresses */
  readonly manyAddresses: boolean
  /** `count` addresses that nobody else uses: `v4` of different networks, or `v6` within one /64; empty where that cannot be chosen */
  readonly addresses: (family: 'v4' | 'v6', count: number) => readonly string[]
  /** an account that only this probe uses, or undefined when none is left */
  readonly take: (kind: 'spare' | 'mfa') => Account | undefined
  /** one try to sign in; fills in the template and looks at `proof`. `password` replaces the account's own */
  readonly signIn: (client: ProbeClient, account: Account, password?: string) => Promise<SignInEnd>
  /** the second step, with the current code or one given */
  readonly finish: (client: ProbeClient, account: Account, code?: string) => Promise<SignInEnd>
  /** is this visitor signed in? asks `proof` */
  readonly isSignedIn: (client: ProbeClient) => Promise<boolean | 'no-answer'>
  /** a visitor signed in as this account, second step and all; each call is a new session. Rejects with `Inconclusive` when it cannot be done */
  readonly signedIn: (who: 'a' | 'b' | 'admin' | Account, options?: ClientOptions) => Promise<ProbeClient>
  /** the code that an authenticator app shows for this account `steps` periods from now */
  readonly code: (account: Account, steps?: number) => string
  /** makes something once in a run and gives it to all who ask by this key: facts, not visitors (these end with the probe that made them) */
  readonly once: <T>(key: string, make: () => Promise<T>) => Promise<T>
  /** the one browser of the run, when Chromium is there; contexts and pages are the probe's to close */
  readonly browser: () => Promise<Browser | undefined>
  /** serves pages at another site's origin (`http://127.0.0.1:PORT` beside `localhost`) for as long as the probe runs */
  readonly otherSite: (
    pages: Readonly<Record<string, string>>,
  ) => Promise<{ readonly origin: string; readonly seen: () => readonly string[] }>
}

/** What a probe needs, by path in {@link Target}, or a capability. What is not there makes it `skipped`, with what to declare. */
export type Need =
  | 'signIn'
  | 'signIn.factor'
  | 'signIn.cookie'
  | 'signIn.signOut'
  | 'reset'
  | 'signUp'
  | 'accounts.a'
  | 'accounts.b'
  | 'accounts.admin'
  | 'accounts.spare'
  | 'accounts.mfa'
  | 'pages.open'
  | 'pages.signedIn'
  | 'pages.admin'
  | 'pages.assets'
  | 'objects'
  | 'signedLinks'
  | 'redirects'
  | 'writes'
  | 'stepUp'
  | 'echoes'
  | 'reports'
  | 'many-addresses'
  | 'browser'

/**
 * One thing that an attacker would try. `collect` touches the target and gives facts (JSON); `judge` is pure and says what they mean, so
 * that facts of last month can be judged by today's rule. A collector that cannot go on throws `inconclusive(reason)`.
 */
export type Probe<Facts = unknown> = {
  /** of the check, such as `CFG-013`; several probes may share one */
  readonly id: string
  /** unique, kebab-case: `cross-site-form` */
  readonly name: string
  readonly family: 'address' | 'sign-in' | 'mfa' | 'session' | 'cross-site' | 'links' | 'access' | 'exposure' | 'headers'
  readonly title: string
  readonly severity: Severity
  readonly kind: ProbeKind
  /** number of the Common Weakness Enumeration */
  readonly cwe: number
  /** requirements of OWASP ASVS 5.0, such as `7.2.4` */
  readonly asvs: readonly string[]
  readonly needs: readonly Need[]
  /** what an attacker gains, in one or two sentences */
  readonly why: string
  /** what to do, in one or two sentences */
  readonly fix: string
  /** `quiet` probes run side by side; `loud` ones (guessing, floods) one after the other behind them; `alone`: nothing else runs meanwhile (timing) */
  readonly pace: 'quiet' | 'loud' | 'alone'
  readonly collect: (context: ProbeContext) => Promise<Facts>
  readonly judge: (facts: Facts) => readonly ProbeVerdict[]
}

/** Keeps the type of a probe's facts between its two halves, and forgets it outside. */
export const defineProbe = <Facts>(probe: Probe<Facts>): Probe => probe as unknown as Probe

/** Ends a collector that can make no statement, with the reason for people. */
export const inconclusive = (reason: string): Error => Object.assign(new Error(reason), { name: 'Inconclusive' })
