import { systemClock, systemRandom, type Clock, type RandomSource } from '@parapet/core'
import type { Browser } from 'playwright-core'
import { createAddressPool } from '../client/addresses.js'
import { createProbeClient, type Standing, type Traffic } from '../client/client.js'
import { endpointOf, type Endpoint } from '../client/endpoint.js'
import type { ClientOptions, NoAnswer, ProbeAnswer, ProbeClient, ProbeRequest } from '../client/types.js'
import { inconclusive, type ProbeContext } from '../probe.js'
import type { Account, Target } from '../target/target.js'
import { fillRequest } from '../target/fill.js'
import { launchBrowser } from './browser.js'
import { openOtherSite, type OtherSite } from './other-site.js'
import { createSignInDriver, MOST_GUESSES } from './sign-in.js'

/** What a run is made of; everything but the target has a default. */
export type ContextOptions = {
  readonly target: Target
  /** of the attacked URL */
  readonly origin: string
  /** where it was found to be; resolved once, so that a name cannot lead elsewhere half way */
  readonly address?: string
  readonly insecure?: boolean
  readonly browserPath?: string | undefined
  /** headers of every request: the tag */
  readonly headers?: Readonly<Record<string, string>>
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly sleep?: (ms: number) => Promise<void>
  /** asked before each request; a sentence refuses it */
  readonly admit?: () => Promise<string | undefined>
}

/** What was answered to one probe, counted. */
export type Tally = { requests: number; answers: number; limited: number; silent: number; refused: number }

/** The context of one probe. `stop` refuses what it still wants to send. */
export type Scope = {
  readonly context: ProbeContext
  readonly tally: Readonly<Tally>
  readonly stop: (reason: string) => void
  readonly close: () => Promise<void>
}

/** A run: what its probes share. */
export type Run = {
  readonly scope: () => Scope
  readonly hasBrowser: () => Promise<boolean>
  readonly manyAddresses: boolean
  readonly endpoint: Endpoint
  readonly close: () => Promise<void>
}

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How the kit stands to its target when the target file does not say: on Linux a whole network of loopback addresses is there to connect from. */
export const standingOf = (target: Target, address: string): Standing =>
  target.addresses ?? (address.startsWith('127.') && process.platform === 'linux' ? { kind: 'loopback' } : { kind: 'none' })

/** Connects from another loopback address only lead to a loopback target. */
const checked = (standing: Standing, address: string): Standing =>
  standing.kind === 'loopback' && !address.startsWith('127.')
    ? { kind: 'none' }
    : standing.kind === 'forwarded'
      ? { ...standing, header: standing.header.toLowerCase() }
      : standing

/** Whose password a sign-in request tries, of those declared. */
const triedAt = (
  request: ProbeRequest,
  accounts: readonly Account[],
): { readonly account: Account; readonly right: boolean } | undefined => {
  const text = request.form === undefined ? (JSON.stringify(request.json) ?? '') : JSON.stringify(request.form)
  const account = accounts.find(({ name }) => text.includes(JSON.stringify(name)))
  return account === undefined ? undefined : { account, right: text.includes(JSON.stringify(account.password)) }
}

/**
 * Sets up what probes share: accounts and addresses that are given out once, the sign-in, the browser. `run.scope()` makes the context of
 * one probe with visitors of its own.
 */
export const createRun = (options: ContextOptions): Run => {
  const { target, origin } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const publicOrigin = target.publicOrigin ?? origin
  const behindProxy = target.addresses?.kind === 'forwarded' && target.publicOrigin !== undefined
  const endpoint = endpointOf(origin, {
    ...(options.address === undefined ? {} : { address: options.address }),
    ...(options.insecure === undefined ? {} : { insecure: options.insecure }),
    ...(behindProxy ? { host: new URL(publicOrigin).host } : {}),
  })
  const standing = checked(standingOf(target, endpoint.address), endpoint.address)
  const addresses = createAddressPool(standing, random)
  const pools = { spare: [...(target.accounts?.spare ?? [])], mfa: [...(target.accounts?.mfa ?? [])] }
  const everyAccount = [target.accounts?.a, target.accounts?.b, target.accounts?.admin, ...pools.spare, ...pools.mfa].filter(
    (account) => account !== undefined,
  )
  const guesses = new Map<string, number>()
  let browser: Promise<Browser | undefined> | undefined
  const openBrowser = (): Promise<Browser | undefined> => (browser ??= launchBrowser(options.browserPath))

  const guess = (what: string): boolean => {
    const count = (guesses.get(what) ?? 0) + 1
    guesses.set(what, count)
    return count <= MOST_GUESSES
  }
  const sleepFor = options.sleep ?? nap
  const driver = createSignInDriver(target, { clock, sleep: sleepFor, guess: (account) => guess(`code ${account.name}`) })

  /** wrong passwords that go to the sign-in count, however a probe sends them */
  const overGuessed = (request: ProbeRequest | undefined): string | undefined => {
    if (request === undefined || request.path !== target.signIn?.request.path) return undefined
    const tried = triedAt(request, everyAccount)
    if (tried === undefined) return undefined
    if (!tried.right)
      return guess(`password ${tried.account.name}`) ? undefined : `the kit makes no more than ${MOST_GUESSES} guesses at one account`
    guesses.delete(`password ${tried.account.name}`)
    return undefined
  }
  const memo = new Map<string, Promise<unknown>>()
  const once = <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const before = memo.get(key) as Promise<T> | undefined
    if (before !== undefined) return before
    const made = make()
    memo.set(key, made)
    // what failed for one probe may be tried by the next
    made.catch(() => memo.delete(key))
    return made
  }

  const scope = (): Scope => {
    const tally: Tally = { requests: 0, answers: 0, limited: 0, silent: 0, refused: 0 }
    const sites: OtherSite[] = []
    const signedIn: ProbeClient[] = []
    const farewells = new WeakSet<ProbeRequest>()
    let stopped: string | undefined
    let visitors = 0
    const traffic: Traffic = {
      endpoint,
      publicOrigin,
      standing,
      clock,
      headers: options.headers ?? {},
      admit: async (request) => {
        if (request !== undefined && farewells.has(request)) return options.admit?.()
        const refusal = stopped ?? overGuessed(request) ?? (await options.admit?.())
        if (refusal === undefined) tally.requests++
        return refusal
      },
      seen: (answer: ProbeAnswer | NoAnswer) => {
        if (answer.kind === 'none') {
          tally.silent++
          if (answer.why === 'refused') tally.refused++
        } else {
          tally.answers++
          if (answer.status === 429 || answer.status === 503) tally.limited++
        }
      },
    }
    const client = (who: ClientOptions = {}): ProbeClient => {
      const address =
        who.address === undefined || who.address === 'fresh' ? addresses.fresh() : standing.kind === 'none' ? undefined : who.address
      return createProbeClient(traffic, { name: who.name ?? `visitor ${++visitors}`, address, program: who.program ?? 'desktop' })
    }
    const context: ProbeContext = {
      target,
      origin,
      publicOrigin,
      clock,
      random,
      sleep: async (ms) => {
        if (stopped !== undefined) throw inconclusive(stopped)
        await sleepFor(ms)
      },
      client,
      manyAddresses: addresses.many,
      addresses: addresses.several,
      take: (kind) => pools[kind].shift(),
      signIn: driver.signIn,
      finish: driver.finish,
      isSignedIn: driver.isSignedIn,
      code: driver.code,
      once,
      signedIn: async (who, as) => {
        const account = typeof who === 'string' ? target.accounts?.[who] : who
        if (account === undefined)
          throw inconclusive(`the account ${typeof who === 'string' ? who : ''} is not declared; add it to accounts`)
        const visitor = client({ name: typeof who === 'string' ? who : account.name, ...as })
        await driver.complete(visitor, account)
        signedIn.push(visitor)
        return visitor
      },
      browser: openBrowser,
      otherSite: async (pages) => {
        const site = await openOtherSite(pages, endpoint.hostname)
        sites.push(site)
        return { origin: site.origin, seen: site.seen }
      },
    }
    return {
      context,
      tally,
      stop: (reason) => void (stopped ??= reason),
      close: async () => {
        stopped ??= 'the probe is over'
        // many applications count the sessions of an account: one more of each probe would end the first in the middle of another
        const out = target.signIn?.signOut
        if (out !== undefined) {
          const farewell = { ...fillRequest(out, {}), timeoutMs: 3_000 }
          farewells.add(farewell)
          await Promise.all(signedIn.map((visitor) => visitor.send(farewell)))
        }
        await Promise.all(sites.map((site) => site.close()))
      },
    }
  }

  return {
    scope,
    endpoint,
    manyAddresses: addresses.many,
    hasBrowser: async () => (await openBrowser()) !== undefined,
    close: async () => {
      await (await browser)?.close().catch(() => undefined)
    },
  }
}
