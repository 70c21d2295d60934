import { type Clock, DAY, type Keyring } from '@parapet/core'

const PURPOSE = 'notification-acknowledge'
/** How long such a link is good, ms. */
const TTL = 7 * DAY

/** Links by which who reads a message says that he looks at it, without signing in. */
export type AcknowledgeLinks = {
  readonly make: (notificationId: string, channelId: string) => string
  /** what a token stands for; `undefined` when it was not made here or has run out */
  readonly read: (token: string) => { readonly notificationId: string; readonly channelId: string } | undefined
}

/** Creates the links. A token names notification, channel and day, and is signed: it opens nothing else, and nothing at all once somebody has acknowledged. */
export const createAcknowledgeLinks = (deps: {
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  readonly publicUrl: string
  readonly clock: Clock
}): AcknowledgeLinks => {
  const { keyring, publicUrl, clock } = deps
  return {
    make: (notificationId, channelId) => {
      const data = `${notificationId}.${channelId}.${clock() + TTL}`
      const url = new URL('/v1/notifications/acknowledge', publicUrl)
      url.searchParams.set('token', `${data}.${keyring.sign(PURPOSE, data)}`)
      return url.toString()
    },
    read: (token) => {
      if (token.length > 512) return undefined
      const [notificationId = '', channelId = '', until = '', ...rest] = token.split('.')
      const data = `${notificationId}.${channelId}.${until}`
      if (!keyring.verify(PURPOSE, data, rest.join('.'))) return undefined
      return Number(until) > clock() ? { notificationId, channelId } : undefined
    },
  }
}
