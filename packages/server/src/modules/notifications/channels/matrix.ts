import { escapeHtml } from '../words.js'
import { fieldOf, plainId } from './http.js'
import { footer, headline, paragraphs } from './text.js'
import type { HttpChannel } from './types.js'

const anchor = (label: string, url: string): string => `<a href="${escapeHtml(url)}">${label}</a>`

/** A room of Matrix. The same transaction id makes the same message once, as long as the token stays. Source: Matrix client-server API, send/{eventType}/{txnId}. */
export const matrix: HttpChannel<{ readonly homeserver: string; readonly room: string; readonly token: string }> = {
  render: (message, { homeserver, room, token }) => {
    const { id, link, acknowledgeLink } = message
    const links = [
      ...(link === null ? [] : [{ label: 'Open in Parapet', url: link }]),
      ...(acknowledgeLink === null ? [] : [{ label: 'Acknowledge', url: acknowledgeLink }]),
    ]
    const lines = [...paragraphs(message), footer(message)]
    const html = [
      `<p><strong>${escapeHtml(headline(message))}</strong></p>`,
      ...lines.map((line) => `<p>${escapeHtml(line).replaceAll('\n', '<br>')}</p>`),
      ...(links.length === 0 ? [] : [`<p>${links.map(({ label, url }) => anchor(label, url)).join(' · ')}</p>`]),
    ]
    const path = `_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${encodeURIComponent(id)}`
    return {
      method: 'PUT',
      url: `${homeserver.endsWith('/') ? homeserver : `${homeserver}/`}${path}`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        msgtype: 'm.text',
        body: [headline(message), ...lines, ...links.map(({ label, url }) => `${label}: ${url}`)].join('\n\n'),
        format: 'org.matrix.custom.html',
        formatted_body: html.join(''),
        // nobody is called by what stands in a name
        'm.mentions': {},
      }),
    }
  },
  read: (body) => {
    const id = plainId(fieldOf(body, 'event_id'))
    return id === null ? { problem: 'the answer named no event: is this the address of a Matrix homeserver?' } : { id }
  },
}
