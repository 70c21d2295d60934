import { escapeMrkdwn } from '../words.js'
import { countWords, footer, headline } from './text.js'
import type { HttpChannel } from './types.js'

/** Slack takes no longer texts in these places. Source: Slack, Block Kit reference. */
const HEADER = 150
const SECTION = 3_000

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** Text that means nothing but itself, and of which Slack makes no link, mention or emoji. */
const plain = (text: string, most: number) => ({ type: 'plain_text', text: cut(text, most), emoji: false })

const button = (label: string, url: string, primary: boolean) => ({
  type: 'button',
  text: plain(label, 75),
  url,
  ...(primary ? { style: 'primary' } : {}),
})

/** A Slack incoming webhook; its address is the secret. Source: Slack, sending messages using incoming webhooks. */
export const slack: HttpChannel<{ readonly url: string }> = {
  render: (message, { url }) => {
    const { text, count, link, acknowledgeLink } = message
    const buttons = [
      ...(link === null ? [] : [button('Open in Parapet', link, true)]),
      ...(acknowledgeLink === null ? [] : [button('Acknowledge', acknowledgeLink, false)]),
    ]
    const facts = [countWords(count), footer(message)].filter((each) => each !== '').join('\n')
    return {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        // what a notification of the telephone shows
        text: escapeMrkdwn(headline(message)),
        mrkdwn: false,
        parse: 'none',
        link_names: false,
        unfurl_links: false,
        unfurl_media: false,
        blocks: [
          { type: 'header', text: plain(headline(message), HEADER) },
          ...(text === '' ? [] : [{ type: 'section', text: plain(text, SECTION) }]),
          { type: 'context', elements: [{ type: 'mrkdwn', text: escapeMrkdwn(facts), verbatim: true }] },
          ...(buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }]),
        ],
      }),
    }
  },
  read: (body) => (body.trim() === 'ok' ? { id: null } : { problem: 'Slack did not say ok: is this the address of an incoming webhook?' }),
}
