import type { ChannelKind, ChannelView, NotificationView } from '@parapet/core'

/** One field of a channel's form. `list`: several values, one a line. */
export type ChannelField = {
  readonly key: string
  readonly label: string
  readonly hint: string
  readonly placeholder: string
  readonly secret: boolean
  readonly required: boolean
  readonly list: boolean
  /** the console can make one */
  readonly made: boolean
}

const field = (key: string, label: string, placeholder: string, more: Partial<ChannelField> = {}): ChannelField => ({
  key,
  label,
  placeholder,
  hint: '',
  secret: false,
  required: true,
  list: false,
  made: false,
  ...more,
})

/** A kind of channel: what it is called, what it needs. */
type ChannelWords = { readonly name: string; readonly means: string; readonly fields: readonly ChannelField[] }

/** What each kind needs, and nothing else. */
export const CHANNELS: Readonly<Record<ChannelKind, ChannelWords>> = {
  email: {
    name: 'E-mail',
    means: 'by the SMTP server of parapet.yml',
    fields: [
      field('to', 'To', 'oncall@example.com', { list: true, hint: 'One address a line. Each gets a link with which they acknowledge.' }),
    ],
  },
  slack: {
    name: 'Slack',
    means: 'an incoming webhook of a channel',
    fields: [
      field('url', 'Webhook URL', 'https://hooks.slack.com/services/…', { secret: true, hint: 'In Slack: Apps, Incoming Webhooks, Add.' }),
    ],
  },
  teams: {
    name: 'Microsoft Teams',
    means: 'a workflow that posts what it gets',
    fields: [
      field('url', 'Workflow URL', 'https://….logic.azure.com/…', {
        secret: true,
        hint: 'In Teams: Workflows, “Post to a channel when a webhook request is received”.',
      }),
    ],
  },
  matrix: {
    name: 'Matrix',
    means: 'a room, written to by a user of its own',
    fields: [
      field('homeserver', 'Homeserver', 'https://matrix.example.com'),
      field('room', 'Room', '!abcdef:example.com', { hint: 'The internal id: room settings, Advanced.' }),
      field('token', 'Access token', 'syt_…', { secret: true, hint: 'Of a user that is in the room.' }),
    ],
  },
  ntfy: {
    name: 'ntfy',
    means: 'a topic, for phones',
    fields: [
      field('server', 'Server', 'https://ntfy.sh'),
      field('topic', 'Topic', 'a-name-nobody-guesses', { hint: 'Who knows the topic of a public server reads it: make it long.' }),
      field('token', 'Access token', 'tk_…', { secret: true, required: false }),
    ],
  },
  webhook: {
    name: 'Webhook',
    means: 'your own receiver, signed',
    fields: [
      field('url', 'URL', 'https://hooks.example.com/parapet'),
      field('secret', 'Signing secret', 'whsec_…', {
        secret: true,
        made: true,
        hint: 'whsec_ and 24 to 64 bytes in base64. The receiver checks the signature with it (Standard Webhooks).',
      }),
    ],
  },
}

/** What a form of a channel holds: text by field. */
export type ChannelDraft = {
  readonly kind: ChannelKind
  readonly name: string
  readonly enabled: boolean
  readonly values: Readonly<Record<string, string>>
}

const shown = (value: ChannelView['settings'][string] | undefined): string =>
  value === undefined ? '' : typeof value === 'object' ? value.join('\n') : String(value)

/** The form of a channel that is there; secrets are empty, since nobody can read them. */
export const draftOf = (channel: ChannelView): ChannelDraft => ({
  kind: channel.kind,
  name: channel.name,
  enabled: channel.enabled,
  values: Object.fromEntries(CHANNELS[channel.kind].fields.map(({ key, secret }) => [key, secret ? '' : shown(channel.settings[key])])),
})

/** What a form sends: settings whole, secrets only where somebody typed one. */
export const requestOf = (
  draft: ChannelDraft,
): {
  readonly kind: ChannelKind
  readonly name: string
  readonly enabled: boolean
  readonly settings: Record<string, string | readonly string[]>
  readonly secrets?: Record<string, string>
} => {
  const settings: Record<string, string | readonly string[]> = {}
  const secrets: Record<string, string> = {}
  for (const { key, secret, list } of CHANNELS[draft.kind].fields) {
    const text = (draft.values[key] ?? '').trim()
    if (text === '') continue
    if (secret) secrets[key] = text
    else settings[key] = list ? text.split(/[\s,;]+/) : text
  }
  const { kind, name, enabled } = draft
  return { kind, name: name.trim(), enabled, settings, ...(Object.keys(secrets).length === 0 ? {} : { secrets }) }
}

/** How a notification stands, in a word or two. */
export const STATE_WORD: Readonly<Record<NotificationView['state'], string>> = {
  waiting: 'Waiting',
  quiet: 'Held by quiet hours',
  sent: 'Sent',
  failed: 'Failed',
  acknowledged: 'Acknowledged',
  no_route: 'Told nobody',
}

/** States in the order in which a person on call asks for them. */
export const STATES = [
  'failed',
  'no_route',
  'waiting',
  'quiet',
  'sent',
  'acknowledged',
] as const satisfies readonly NotificationView['state'][]

/** Reads a state from a query string; null for all. */
export const readState = (text: string | null): NotificationView['state'] | null => STATES.find((state) => state === text) ?? null

/** True while somebody could still say that they have seen it. */
export const wantsAcknowledging = ({ acknowledged, kind }: Pick<NotificationView, 'acknowledged' | 'kind'>): boolean =>
  acknowledged === null && kind !== 'test'

/** An answer to a test, with its time: `204 No Content, in 48 ms`. */
export const tookInWords = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)

/** A secret with which a webhook is signed, of 32 random bytes, as Standard Webhooks writes it. */
export const webhookSecret = (bytes: Uint8Array): string => `whsec_${btoa(String.fromCharCode(...bytes))}`
