import { type ChannelKind, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { isMailAddress } from '../../config/index.js'
import type { ChannelSettings } from './channels/types.js'
import { webhookKey } from './standard-webhooks.js'

const address = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '' && url.hash === ''
}
const webAddress = z.string().trim().max(2_048).refine(address, 'an address that starts with https://, without a name, a password or a #')
/** What stands in a header: visible ASCII alone. */
const token = z
  .string()
  .trim()
  .min(1)
  .max(1_024)
  .regex(/^[\x21-\x7E]+$/, 'a token without spaces')

/** What each kind of channel is told, and what of it is secret. */
const SHAPES = {
  email: {
    settings: z.strictObject({
      to: z.array(z.string().trim().refine(isMailAddress, 'a mail address such as ann@example.org')).min(1).max(50),
    }),
    secrets: z.strictObject({}),
  },
  slack: { settings: z.strictObject({}), secrets: z.strictObject({ url: webAddress }) },
  teams: { settings: z.strictObject({}), secrets: z.strictObject({ url: webAddress }) },
  matrix: {
    settings: z.strictObject({
      homeserver: webAddress,
      room: z
        .string()
        .trim()
        .max(255)
        .regex(/^![\x21-\x7E]+$/, 'the id of a room, which begins with ! (an alias begins with #, and does not do)'),
    }),
    secrets: z.strictObject({ token }),
  },
  ntfy: {
    settings: z.strictObject({
      server: webAddress.default('https://ntfy.sh'),
      topic: z
        .string()
        .trim()
        .regex(/^[\w-]{1,64}$/, 'letters, digits, - and _, at most 64'),
    }),
    secrets: z.strictObject({ token: token.optional() }),
  },
  webhook: {
    settings: z.strictObject({ url: webAddress }),
    secrets: z.strictObject({
      secret: z.string().refine((text) => webhookKey(text) !== undefined, 'whsec_ and base64 of 24 to 64 random bytes'),
    }),
  },
} as const satisfies Readonly<Record<ChannelKind, { readonly settings: z.ZodType; readonly secrets: z.ZodType }>>

/** What {@link checkChannel} answers for each kind. */
export type CheckedChannel = {
  [Kind in ChannelKind]: {
    readonly kind: Kind
    readonly settings: z.output<(typeof SHAPES)[Kind]['settings']>
    readonly secrets: z.output<(typeof SHAPES)[Kind]['secrets']>
  }
}[ChannelKind]

const check = <T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = [what, ...(issue?.path ?? [])].map(String).join('.')
  const words = issue?.code === 'unrecognized_keys' ? 'holds something that this kind of channel does not take' : (issue?.message ?? '')
  throw new ParapetError('PPT_INVALID', `${place}: ${words}`)
}

/** Checks settings and secrets of a channel. Errors: `PPT_INVALID` names the field and what it takes, never its value. */
export const checkChannel = (kind: ChannelKind, given: ChannelSettings): CheckedChannel =>
  ({
    kind,
    settings: check(SHAPES[kind].settings, given.settings, 'settings'),
    secrets: check(SHAPES[kind].secrets, given.secrets, 'secrets'),
  }) as CheckedChannel

const hostOf = (url: string): string => new URL(url).host

/** Where a channel goes, in words that hold no secret. */
export const targetOf = (channel: CheckedChannel): string => {
  switch (channel.kind) {
    case 'email': {
      const { to } = channel.settings
      return to.length <= 3 ? to.join(', ') : `${to.slice(0, 2).join(', ')} and ${to.length - 2} more`
    }
    case 'slack':
    case 'teams':
      return hostOf(channel.secrets.url)
    case 'matrix':
      return `${channel.settings.room} on ${hostOf(channel.settings.homeserver)}`
    case 'ntfy':
      return `${channel.settings.topic} on ${hostOf(channel.settings.server)}`
    case 'webhook':
    default:
      return hostOf(channel.settings.url)
  }
}
