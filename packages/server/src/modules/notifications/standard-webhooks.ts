import { createHmac } from 'node:crypto'
import { SECOND } from '@parapet/core'

const PREFIX = 'whsec_'

/** The key of a secret such as `whsec_` and base64 of 24 to 64 bytes; `undefined` when it is none. Source: Standard Webhooks, signature scheme. */
export const webhookKey = (secret: string): Buffer | undefined => {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : ''
  if (!/^[A-Za-z0-9+/]{32,88}={0,2}$/.test(text)) return undefined
  const key = Buffer.from(text, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : undefined
}

/**
 * The headers by which a receiver knows that a message is ours and new. `id` is the same however often the message is sent; `at` is now, ms UTC;
 * several secrets make several signatures, of which one has to fit. Throws a TypeError for a secret that is none. Source: Standard Webhooks.
 */
export const signWebhook = (message: {
  readonly id: string
  readonly at: number
  readonly body: string
  readonly secrets: readonly string[]
}): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(message.at / SECOND))
  const signatures = message.secrets.map((secret) => {
    const key = webhookKey(secret)
    if (key === undefined) throw new TypeError('not a secret of a webhook')
    return `v1,${createHmac('sha256', key).update(`${message.id}.${timestamp}.${message.body}`).digest('base64')}`
  })
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
