import { signWebhook } from '../standard-webhooks.js'
import type { HttpChannel } from './types.js'

/** A receiver of one's own; `previous` is the secret before, which signs along for a while after a change. Source: Standard Webhooks. */
export const webhook: HttpChannel<{ readonly url: string; readonly secret: string; readonly previous?: string | undefined }> = {
  render: (message, { url, secret, previous }, now) => {
    const { id, notificationId, kind, level, title, text, at, count, link, escalation, instance } = message
    const body = JSON.stringify({
      type: `notification.${kind}`,
      timestamp: new Date(at).toISOString(),
      data: { id: notificationId, kind, level, title, text, count, link, escalation, instance },
    })
    const secrets = previous === undefined ? [secret] : [secret, previous]
    return {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...signWebhook({ id, at: now, body, secrets }) },
      body,
    }
  },
  read: () => ({ id: null }),
}
