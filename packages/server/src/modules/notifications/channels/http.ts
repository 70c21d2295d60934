import { MINUTE } from '@parapet/core'
import type { Outbound, OutboundResult } from '../../../http/outbound/index.js'
import type { SendResult } from '../types.js'
import type { HttpChannel, Message } from './types.js'

/** What a refusal says to a person. */
const WORDS: Readonly<Record<number, string>> = {
  400: 'it did not understand the message',
  401: 'it wants other credentials: the token or the address of the channel is wrong or was revoked',
  403: 'it does not let us in: the token or the address of the channel is wrong, was revoked, or may not write there',
  404: 'there is nothing at that address: it is mistyped, or the channel was removed there',
  405: 'that address takes no messages',
  410: 'the channel was removed there',
  413: 'the message is too large for it',
  429: 'too many messages for it',
}

/** Answers that may be others later. */
const TRY_AGAIN = new Set([408, 421, 425, 429])

/** What an answer that is no success means. A redirect is none: who may be told is what somebody wrote down, not what a server says. */
const explainAnswer = (status: number, retryAfterMs: number | null): SendResult => {
  const retry = status >= 500 || TRY_AGAIN.has(status)
  if (status >= 300 && status < 400)
    return {
      ok: false,
      retry: false,
      detail: `the answer was ${status}, a redirect, and none is followed: write down the address it leads to`,
      afterMs: null,
    }
  const words = WORDS[status] ?? (status >= 500 ? 'it has trouble of its own' : 'it refused the message')
  return {
    ok: false,
    retry,
    detail: `the answer was ${status}: ${words}`,
    afterMs: retry ? (retryAfterMs ?? (status === 429 ? MINUTE : null)) : null,
  }
}

/** Ids of others stand in receipts: plain ones only. */
export const plainId = (id: unknown): string | null => (typeof id === 'string' && /^[\w.$:@=+/-]{1,120}$/.test(id) ? id : null)

/** A field of an answer in JSON; `undefined` for what is none. */
export const fieldOf = (body: string, name: string): unknown => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
  } catch {
    return undefined
  }
}

const readResult = (result: OutboundResult, read: HttpChannel<never>['read']): SendResult => {
  if (result.kind === 'failed') return { ok: false, retry: result.retry, detail: result.detail, afterMs: null }
  if (result.status < 200 || result.status > 299) return explainAnswer(result.status, result.retryAfterMs)
  const found = read(result.body)
  if ('problem' in found) return { ok: false, retry: false, detail: found.problem, afterMs: null }
  return { ok: true, detail: `taken with ${result.status}`, id: found.id }
}

/** Sends a message through a channel that takes HTTP. Never throws. */
export const sendOverHttp = async <Settings>(
  outbound: Outbound,
  channel: HttpChannel<Settings>,
  message: Message,
  settings: Settings,
  now: number,
): Promise<SendResult> => readResult(await outbound.send(channel.render(message, settings, now)), channel.read)
