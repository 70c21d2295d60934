import { CHANNEL_KINDS } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { channelSchema, secretsSchema, settingsSchema } from '../../../http/notification-schemas.js'
import { line } from '../../../http/query-schemas.js'

/** Makes a channel. */
export const createChannel = defineRoute({
  id: 'createChannel',
  method: 'POST',
  url: '/v1/notifications/channels',
  tag: 'notifications',
  summary: 'Create a channel',
  description: 'Nothing goes there before a route names it. What is given under `secrets` is sealed, and no answer holds it.',
  permission: 'notifications.manage',
  rateLimit: 'write',
  audit: { action: 'channel.created', resource: 'channel' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({
      kind: z.enum(CHANNEL_KINDS),
      name: line(100),
      enabled: z.boolean().default(true),
      settings: settingsSchema.default({}),
      secrets: secretsSchema.default({}),
    })
    .meta({ examples: [{ kind: 'email', name: 'On call', settings: { to: ['oncall@example.org'] } }] }),
  answer: { status: 201, description: 'The channel', schema: channelSchema },
  handler: async ({ body, services, audit }) => {
    audit.detail = { kind: body.kind, name: body.name }
    const channel = await services.notifications.channels.create(body)
    audit.id = channel.id
    audit.detail = { kind: body.kind, name: channel.name, target: channel.target }
    return channel
  },
})
