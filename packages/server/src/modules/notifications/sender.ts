import { type Clock, isParapetError } from '@parapet/core'
import type { Outbound } from '../../http/outbound/index.js'
import type { Vault } from '../../vault/index.js'
import type { AcknowledgeLinks } from './acknowledge-links.js'
import type { Channel, ChannelStore } from './channel-store.js'
import { renderMail } from './channels/email.js'
import { sendOverHttp } from './channels/http.js'
import { matrix } from './channels/matrix.js'
import { ntfy } from './channels/ntfy.js'
import { slack } from './channels/slack.js'
import { teams } from './channels/teams.js'
import type { Message } from './channels/types.js'
import { webhook } from './channels/webhook.js'
import type { Leased } from './deliveries.js'
import type { Mailer } from './mailer.js'
import { openWords } from './outbox.js'
import type { SendResult } from './types.js'
import { withoutLinks } from './words.js'

/** What sending takes. */
export type SenderDeps = {
  readonly channels: Pick<ChannelStore, 'open' | 'noteSent' | 'noteFailed'>
  readonly vault: Pick<Vault, 'open'>
  readonly outbound: Outbound
  /** `undefined` without a mail server */
  readonly mailer: Mailer | undefined
  readonly links: AcknowledgeLinks
  readonly publicUrl: string
  readonly clock: Clock
}

/** Sends messages through channels. Never throws. */
export type Sender = {
  readonly deliver: (leased: Leased) => Promise<SendResult>
  /** a message of kind `test`. Errors: `PPT_NOT_FOUND` */
  readonly test: (channelId: string, id: string) => Promise<SendResult>
}

const failed = (detail: string, retry = false): SendResult => ({ ok: false, retry, detail, afterMs: null })

/** Creates the sender. */
export const createSender = (deps: SenderDeps): Sender => {
  const { channels, vault, outbound, mailer, links, publicUrl, clock } = deps
  const instance = new URL(publicUrl).host

  const send = (channel: Channel, message: Message): Promise<SendResult> => {
    const now = clock()
    switch (channel.kind) {
      case 'email':
        if (mailer === undefined)
          return Promise.resolve(failed('there is no mail server: set notifications.smtp in parapet.yml and restart'))
        return mailer.send(renderMail(message, channel.settings, mailer.domain))
      case 'slack':
        return sendOverHttp(outbound, slack, message, channel.secrets, now)
      case 'teams':
        return sendOverHttp(outbound, teams, message, channel.secrets, now)
      case 'matrix':
        return sendOverHttp(outbound, matrix, message, { ...channel.settings, ...channel.secrets }, now)
      case 'ntfy':
        return sendOverHttp(outbound, ntfy, message, { ...channel.settings, ...channel.secrets }, now)
      case 'webhook':
      default:
        return sendOverHttp(outbound, webhook, message, { ...channel.settings, ...channel.secrets, previous: channel.previous }, now)
    }
  }

  const messageOf = (leased: Leased, channel: Channel): Message => {
    const { title, text, href } = openWords(vault, { id: leased.notificationId, sealed: leased.sealed })
    // a program gets the words as they are: it makes no links of them, and has to compare
    const words = channel.kind === 'webhook' ? (value: string): string => value : withoutLinks
    return {
      id: leased.id,
      notificationId: leased.notificationId,
      kind: leased.kind,
      level: leased.level,
      title: words(title),
      text: words(text),
      at: leased.at,
      count: leased.count,
      link: href === null ? null : new URL(href, publicUrl).toString(),
      acknowledgeLink: channel.kind === 'webhook' ? null : links.make(leased.notificationId, channel.id),
      escalation: leased.step,
      instance,
    }
  }

  return {
    deliver: async (leased) => {
      try {
        const channel = await channels.open(leased.channelId)
        if (!channel.enabled) return failed('the channel was switched off before the message went out')
        return await send(channel, messageOf(leased, channel))
      } catch (error) {
        if (isParapetError(error) && error.code === 'PPT_NOT_FOUND') return failed('the channel was removed before the message went out')
        return failed(isParapetError(error) ? error.message : 'the message could not be made', true)
      }
    },
    test: async (channelId, id) => {
      const channel = await channels.open(channelId)
      return send(channel, {
        id,
        notificationId: id,
        kind: 'test',
        level: 'informational',
        title: 'A test of this channel',
        text: 'Somebody asked Parapet to send this. When you can read it, the channel works, and nothing else has happened.',
        at: clock(),
        count: 1,
        link: new URL('/notifications', publicUrl).toString(),
        acknowledgeLink: null,
        escalation: 0,
        instance,
      })
    },
  }
}
