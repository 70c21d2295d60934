import { createHmac } from 'node:crypto'
import { LEVELS } from '@parapet/core'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createOutbound, type OutboundRequest } from '../../../http/outbound/index.js'
import { type Receiver, startReceiver } from '../../../http/outbound/fixtures/receiver.js'
import { messageOf } from '../fixtures/message.js'
import { oneLine, severalLines, withoutLinks } from '../words.js'
import { messageIdOf, renderMail } from './email.js'
import { sendOverHttp } from './http.js'
import { matrix } from './matrix.js'
import { ntfy } from './ntfy.js'
import { slack } from './slack.js'
import { teams } from './teams.js'
import type { HttpChannel, Message } from './types.js'
import { webhook } from './webhook.js'

const NOW = Date.parse('2026-11-22T15:00:05Z')
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const OLD = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.answer({})
})
afterAll(() => receiver.close())
const outbound = createOutbound({ allowPrivate: ['127.0.0.0/8'] })

/** Every channel over HTTP with what the service of its kind answers when it has taken a message. */
const channels = {
  slack: {
    send: (message: Message) => sendOverHttp(outbound, slack, message, { url: `${receiver.url}/services/T0/B0/secret` }, NOW),
    good: { body: 'ok' },
  },
  teams: {
    send: (message: Message) => sendOverHttp(outbound, teams, message, { url: `${receiver.url}/workflows/secret` }, NOW),
    good: { status: 202, body: '' },
  },
  matrix: {
    send: (message: Message) =>
      sendOverHttp(outbound, matrix, message, { homeserver: receiver.url, room: '!room/../x:example.org', token: 'syt_x' }, NOW),
    good: { body: '{"event_id":"$abc:example.org"}' },
  },
  ntfy: {
    send: (message: Message) => sendOverHttp(outbound, ntfy, message, { server: receiver.url, topic: 'alarm', token: 'tk_x' }, NOW),
    good: { body: '{"id":"hwQ2YpKdmg","event":"message"}' },
  },
  webhook: {
    send: (message: Message) =>
      sendOverHttp(outbound, webhook, message, { url: `${receiver.url}/hook`, secret: SECRET, previous: OLD }, NOW),
    good: { status: 204, body: '' },
  },
} as const
const kinds = Object.keys(channels) as (keyof typeof channels)[]

const bodyOf = (request: Pick<OutboundRequest, 'body'>) => JSON.parse(request.body ?? '')
const sent = async (kind: keyof typeof channels, message: Message) => {
  receiver.answer(channels[kind].good)
  const result = await channels[kind].send(message)
  return { result, request: receiver.received.at(-1) }
}

describe.each(kinds)('%s', (kind) => {
  it('takes a message, and the receipt says so', async () => {
    const { result, request } = await sent(kind, messageOf())
    expect(result).toMatchObject({ ok: true })
    expect(request?.body).toContain('Brute force')
    expect(request?.body).toContain('203.0.113.7')
  })

  it.each([
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [410, false],
    [302, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('that answers %i is asked again: %s, and nothing that it wrote is shown', async (status, retry) => {
    receiver.answer({ status, body: 'leak', headers: { location: 'https://evil.example/' } })
    const result = await channels[kind].send(messageOf())
    expect(result).toMatchObject({ ok: false, retry })
    expect(JSON.stringify(result)).toContain(String(status))
    expect(JSON.stringify(result)).not.toMatch(/leak|evil|secret|syt_x|tk_x/)
  })

  it('that is asked too often says when to come again', async () => {
    receiver.answer({ status: 429, headers: { 'retry-after': '90' } })
    expect(await channels[kind].send(messageOf())).toMatchObject({ retry: true, afterMs: 90_000 })
    receiver.answer({ status: 429 })
    expect(await channels[kind].send(messageOf())).toMatchObject({ afterMs: 60_000 })
  })

  it('gets valid JSON of a bounded size for whatever stands in a message', async () => {
    const texts = fc.string({ unit: 'binary', maxLength: 3_000 })
    const shapes: HttpChannel<never>[] = [slack, teams, matrix, ntfy, webhook]
    fc.assert(
      fc.property(texts, texts, fc.constantFrom(...LEVELS), fc.nat(), (title, text, level, count) => {
        const message = messageOf({ title: oneLine(title, 200), text: severalLines(text, 2_000), level, count })
        const settings = {
          url: 'https://x.example/',
          homeserver: 'https://x.example',
          room: '!a:b',
          server: 'https://x.example',
          topic: 't',
          token: 't',
          secret: SECRET,
        }
        for (const { render } of shapes) {
          const request = render(message, settings as never, NOW)
          expect(() => bodyOf(request)).not.toThrow()
          expect(Buffer.byteLength(request.body ?? '')).toBeLessThan(40_000)
        }
      }),
      { seed: 5, numRuns: 60 },
    )
  })
})

/** What an attacker could put into the name of a user. */
const NASTY =
  '<!channel> <https://evil.example|click> @room [here](https://evil.example) <b>x</b> &amp; *bold* https://evil.example/x ann@evil.example'
const nasty = messageOf({ title: withoutLinks(NASTY), text: withoutLinks(`${NASTY}\nsecond line`), count: 41, escalation: 1 })

describe('what is hostile in a message', () => {
  it('is only text for Slack: no mention, no link, no emoji, and nothing is fetched', async () => {
    const { request } = await sent('slack', nasty)
    const body = bodyOf(request ?? {})
    expect(body.text).not.toMatch(/[<>]/)
    expect(body).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false, link_names: false })
    type Text = { readonly type: string; readonly text: string; readonly emoji?: boolean }
    const texts: Text[] = body.blocks.flatMap((block: { text?: Text; elements?: Text[] }) =>
      [block.text ?? [], block.elements ?? []].flat(),
    )
    const marked = texts.filter(({ type }) => type === 'mrkdwn')
    expect(marked).toHaveLength(1)
    for (const { text } of marked) expect(text).not.toMatch(/[<>]/)
    const plain = texts.filter(({ type }) => type === 'plain_text')
    expect(plain).toHaveLength(2)
    for (const { emoji } of plain) expect(emoji).toBe(false)
    expect(request?.body).not.toContain('https://evil.example')
    expect(body.blocks[0].text.text.length).toBeLessThanOrEqual(150)
    expect(request?.body).toContain('41 like this one')
    expect(request?.body).toContain('Not acknowledged')
  })

  it('is a run without markdown for Teams', async () => {
    const { request } = await sent('teams', nasty)
    const card = bodyOf(request ?? {}).attachments[0].content
    for (const block of card.body) expect(block.type).toBe('RichTextBlock')
    expect(JSON.stringify(card)).not.toContain('"entities"')
    expect(card.actions.map(({ url }: { url: string }) => new URL(url).host)).toEqual(['parapet.example.org', 'parapet.example.org'])
  })

  it('is escaped in the HTML of Matrix, calls nobody, and stays within its path', async () => {
    const { request } = await sent('matrix', nasty)
    const body = bodyOf(request ?? {})
    expect(body.formatted_body.match(/<(?!\/?(?:p|strong|br)>|a href="https:\/\/parapet\.example\.org|\/a>)/g)).toBeNull()
    expect(body.formatted_body).toContain('second line')
    expect(body['m.mentions']).toEqual({})
    expect(request?.path).toBe(
      '/_matrix/client/v3/rooms/!room%2F..%2Fx%3Aexample.org/send/m.room.message/0199aa00-0000-7000-8000-000000000001',
    )
    expect(request?.headers.authorization).toBe('Bearer syt_x')
  })

  it('is in no header of ntfy, and too long a text is cut between letters', async () => {
    const { request } = await sent('ntfy', { ...nasty, level: 'critical', text: 'é'.repeat(5_000) })
    const body = bodyOf(request ?? {})
    expect(body).toMatchObject({ topic: 'alarm', priority: 5, click: 'https://parapet.example.org/alerts/a1' })
    expect(Buffer.byteLength(body.message)).toBeLessThanOrEqual(4_000)
    expect(body.message).not.toContain('\uFFFD')
    expect(Object.values(request?.headers ?? {}).join(' ')).not.toContain('evil')
  })

  it('is text in a mail, in both parts, and only our own links are links', () => {
    const mail = renderMail(nasty, { to: ['a@example.org'] }, 'example.org')
    expect(mail.html?.match(/<a [^>]*>/g)?.every((tag) => tag.includes('href="https://parapet.example.org/'))).toBe(true)
    expect(mail.html).not.toMatch(/<b>|<!channel|<script|<img/)
    expect(mail.subject).not.toMatch(/[\r\n]/)
    const urls = mail.text.match(/https?:\/\/\S+/g) ?? []
    expect(urls.every((url) => url.startsWith('https://parapet.example.org/'))).toBe(true)
  })
})

describe('a mail', () => {
  it('says the same as text and as HTML, whatever stands in it', () => {
    const plain = (html: string): string =>
      html
        .replaceAll(/<head>[\s\S]*<\/head>/g, '')
        .replaceAll(/<br>/g, '\n')
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&')
    const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }), (title, text) => {
        const message = messageOf({ title: oneLine(title, 200), text: severalLines(text, 2_000), link: null, acknowledgeLink: null })
        const mail = renderMail(message, { to: [] }, 'example.org')
        expect(words(plain(mail.html ?? ''))).toBe(words(mail.text))
      }),
      { seed: 11, numRuns: 100 },
    )
  })

  it('has an id that only letters, digits, hyphens and dots are in', () => {
    expect(messageIdOf('a>b\r\n<c@d', 'exa mple.org>')).toBe('<abcd@example.org>')
    expect(messageIdOf('', '')).toBe('<@parapet>')
  })

  it('belongs to its notification, so that an escalation stands below it', () => {
    const first = renderMail(messageOf(), { to: [] }, 'd')
    const second = renderMail(messageOf({ id: 'other', escalation: 1 }), { to: [] }, 'd')
    expect(second.inReplyTo).toBe(first.inReplyTo)
    expect(second.messageId).not.toBe(first.messageId)
    expect(second.subject).toBe('Not acknowledged: [HIGH] Brute force')
  })
})

describe('a webhook', () => {
  it('is signed by the new secret and the old one, over exactly the bytes that arrive', async () => {
    const { request } = await sent('webhook', messageOf({ text: 'ünïcode' }))
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request?.headers ?? {}
    expect(id).toBe(messageOf().id)
    expect(Number(timestamp)).toBe(NOW / 1_000)
    const expected = [SECRET, OLD].map((secret) =>
      createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`${String(id)}.${String(timestamp)}.${request?.body}`)
        .digest('base64'),
    )
    expect(signature).toBe(expected.map((each) => `v1,${each}`).join(' '))
    expect(bodyOf(request ?? {})).toMatchObject({
      type: 'notification.alert',
      timestamp: '2026-11-22T15:00:00.000Z',
      data: { level: 'high', count: 1 },
    })
  })

  it('has no link by which a program could acknowledge for a person', async () => {
    const { request } = await sent('webhook', messageOf())
    expect(request?.body).not.toContain('acknowledge')
  })
})

describe('the same try again', () => {
  it('is the same to the other side: Matrix, webhooks and mails carry an id that stays', () => {
    const settings = { homeserver: 'https://m.example/', room: '!a:b', token: 't' }
    expect(matrix.render(messageOf(), settings, NOW)).toEqual(matrix.render(messageOf(), settings, NOW + 60_000))
    const hook = { url: 'https://h.example/', secret: SECRET }
    const [one, two] = [NOW, NOW + 60_000].map((now) => webhook.render(messageOf(), hook, now))
    expect(one?.headers?.['webhook-id']).toBe(two?.headers?.['webhook-id'])
    expect(one?.headers?.['webhook-timestamp']).not.toBe(two?.headers?.['webhook-timestamp'])
    expect(one?.body).toBe(two?.body)
    expect(renderMail(messageOf(), { to: [] }, 'd')).toEqual(renderMail(messageOf(), { to: [] }, 'd'))
  })
})

describe('an answer that is no success though it says 200', () => {
  it.each([
    ['slack', 'invalid_payload', /incoming webhook/],
    ['matrix', '{}', /Matrix homeserver/],
    ['matrix', '<html>', /Matrix homeserver/],
    ['matrix', '{"event_id":"<script>"}', /Matrix homeserver/],
    ['ntfy', 'null', /ntfy server/],
  ] as const)('%s: %s', async (kind, body, words) => {
    receiver.answer({ status: 200, body })
    expect(await channels[kind].send(messageOf())).toMatchObject({ ok: false, retry: false, detail: expect.stringMatching(words) })
  })
})
