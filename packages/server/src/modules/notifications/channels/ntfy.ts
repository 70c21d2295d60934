import type { Level } from '@parapet/core'
import { fieldOf, plainId } from './http.js'
import { footer, headline, paragraphs } from './text.js'
import type { HttpChannel } from './types.js'

/** 5 wakes a telephone that is set to silent. Source: ntfy, message priority. */
const PRIORITIES: Readonly<Record<Level, number>> = { critical: 5, high: 4, medium: 3, low: 2, informational: 1 }
const TAGS: Readonly<Record<Level, string>> = {
  critical: 'rotating_light',
  high: 'warning',
  medium: 'mag',
  low: 'information_source',
  informational: 'information_source',
}

/** What is longer becomes a file that nobody opens. Source: ntfy, limitations. */
const BYTES = 4_000

const within = (text: string, most: number): string => {
  if (Buffer.byteLength(text) <= most) return text
  // a letter that is cut in the middle is left out
  return `${new TextDecoder('utf-8', { fatal: false }).decode(Buffer.from(text).subarray(0, most - 8)).replaceAll('\uFFFD', '')}…`
}

/** A topic of ntfy, as JSON to its root: no value of ours stands in a header. Source: ntfy, publish as JSON. */
export const ntfy: HttpChannel<{ readonly server: string; readonly topic: string; readonly token?: string | undefined }> = {
  render: (message, { server, topic, token }) => {
    const { kind, level, link, acknowledgeLink } = message
    return {
      method: 'POST',
      url: server,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({
        topic,
        title: headline(message),
        message: within([...paragraphs(message), footer(message)].join('\n\n'), BYTES),
        priority: PRIORITIES[level],
        tags: [TAGS[level], kind],
        ...(link === null ? {} : { click: link }),
        ...(acknowledgeLink === null ? {} : { actions: [{ action: 'view', label: 'Acknowledge', url: acknowledgeLink }] }),
      }),
    }
  },
  read: (body) => {
    const id = plainId(fieldOf(body, 'id'))
    return id === null ? { problem: 'the answer named no message: is this the address of an ntfy server?' } : { id }
  },
}
