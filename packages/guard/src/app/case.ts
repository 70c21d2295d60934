import type { Decision, HeldLockdown } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import type { LimitReceipt } from '../limiter/types.js'
import type { GuardRequest } from '../request/guard-request.js'
import type { SessionVerdict } from '../session/sessions.js'
import type { Refusal } from './refusal.js'

/** What is found out about one request on its way through the guard. Not kept beyond it. */
export type Case = {
  readonly request: GuardRequest
  /** made when it is asked for: most requests are never named */
  readonly id: () => string
  readonly nonce: () => string
  /** for a page of our own, which has a policy of its own */
  readonly freshNonce: () => string
  readonly path: string
  /** it goes where credentials are checked, however it is spelt: for what restricts */
  readonly atLogin: boolean
  /** the same as it was declared: for what is left out there */
  readonly signsIn: boolean
  client: ClientAddress
  session: SessionVerdict
  /** a session cookie of ours came along, whatever it stands for */
  carried: boolean
  /** decisions in force on the client's address and network */
  network: readonly Decision[]
  /** one in force that has to know the session before it says anything */
  lockdown: HeldLockdown | undefined
  refusal: Refusal | undefined
  /** what would have been refused, were it not only watched */
  watched: Refusal | undefined
  /** something that was done about the request although it goes on */
  acted: { readonly reason: string; readonly decisionId: string } | undefined
  /** slots of concurrency limits, given back when the answer is out */
  receipt: LimitReceipt | undefined
  /** beside those that every answer has */
  readonly headers: (readonly [string, string])[]
}

export const NOBODY: SessionVerdict = { kind: 'none' }
