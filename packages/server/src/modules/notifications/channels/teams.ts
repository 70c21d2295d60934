import type { Level } from '@parapet/core'
import { countWords, footer, headline } from './text.js'
import type { HttpChannel } from './types.js'

const COLORS: Readonly<Record<Level, string>> = {
  critical: 'attention',
  high: 'attention',
  medium: 'warning',
  low: 'accent',
  informational: 'default',
}

/** Words as a run: unlike a text block, a run knows no markdown. Source: Adaptive Cards, RichTextBlock. */
const words = (text: string, style: Readonly<Record<string, unknown>> = {}) => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text, ...style }],
})

const open = (title: string, url: string) => ({ type: 'Action.OpenUrl', title, url })

/** A workflow of Microsoft Teams that posts a card; its address is the secret. Source: Microsoft Teams, post a workflow when a webhook request is received. */
export const teams: HttpChannel<{ readonly url: string }> = {
  render: (message, { url }) => {
    const { level, text, count, link, acknowledgeLink } = message
    const like = countWords(count)
    return {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: {
              $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
              type: 'AdaptiveCard',
              version: '1.4',
              msteams: { width: 'Full' },
              body: [
                words(headline(message), { weight: 'bolder', size: 'medium', color: COLORS[level] }),
                ...(text === '' ? [] : text.split('\n').map((line) => words(line === '' ? ' ' : line))),
                ...(like === '' ? [] : [words(like)]),
                words(footer(message), { isSubtle: true, size: 'small' }),
              ],
              actions: [
                ...(link === null ? [] : [open('Open in Parapet', link)]),
                ...(acknowledgeLink === null ? [] : [open('Acknowledge', acknowledgeLink)]),
              ],
            },
          },
        ],
      }),
    }
  },
  read: () => ({ id: null }),
}
