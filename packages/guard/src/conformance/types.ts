import type { Guard, GuardContext } from '../app/types.js'
import type { RequestLike } from '../request/guard-request.js'

/** What a route of the suite gets, whatever the framework. */
export type ConformanceInput = {
  /** what the framework hands over for `guard.login` and `guard.sessions` */
  readonly request: RequestLike
  /** what `guard.of` says for it */
  readonly context: GuardContext
  /** the nonce where the framework makes it available to templates */
  readonly nonce: string
  readonly query: string
  readonly body: string
  readonly id: string
}

/** What a route answers. An iterable is streamed as it comes. */
export type ConformanceOutput = {
  readonly status?: number
  readonly headers?: readonly (readonly [string, string])[]
  readonly body: string | AsyncIterable<string>
}

/** A route of the suite: `path` is exact, or ends with `/:id`. GET routes answer HEAD as the framework does. */
export type ConformanceRoute = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  readonly path: string
  readonly handle: (input: ConformanceInput) => ConformanceOutput | Promise<ConformanceOutput>
}

/** A server of an adapter under test, listening on a port of 127.0.0.1. */
export type ConformanceServer = { readonly port: number; readonly stop: () => Promise<void> }

/** What an adapter may be unable to do, and a check then leaves out. */
export type ConformanceGap =
  /** the framework sees no TCP peer, so that `direct` is refused when the adapter is built */
  | 'direct'
  /** the framework reads bodies before anything can answer, and says itself whether the connection stays */
  | 'connection'
  /** the framework does not tell when a client goes away */
  | 'abort'
  /** the framework's router takes any path for a text, or answers its errors itself */
  | 'router-errors'
  /** whether a page uses its nonce is not known before its headers are sent, so that every answer has one */
  | 'lazy-nonce'

/** An adapter under test: starts a real server with the guard before these routes and the adapter's handler of errors behind them. */
export type AdapterUnderTest = {
  readonly start: (guard: Guard, routes: readonly ConformanceRoute[]) => Promise<ConformanceServer>
  readonly gaps?: readonly ConformanceGap[]
}

/** One thing that every adapter must do; `run` rejects with an assertion when it does not. `needs`: left out where the adapter has that gap. */
export type AdapterCheck = {
  readonly name: string
  readonly needs?: ConformanceGap
  readonly run: (subject: AdapterUnderTest) => Promise<void>
}
