import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { channelSchema, secretsSchema, settingsSchema } from '../../../http/notification-schemas.js'
import { idParams, line } from '../../../http/query-schemas.js'

/** Changes a channel. */
export const changeChannel = defineRoute({
  id: 'changeChannel',
  method: 'PUT',
  url: '/v1/notifications/channels/:id',
  tag: 'notifications',
  summary: 'Change a channel',
  description:
    'What is left out stays; `settings` take the place of all settings before. The old secret of a webhook signs along with the new one for a day.',
  permission: 'notifications.manage',
  rateLimit: 'write',
  audit: { action: 'channel.changed', resource: 'channel' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z
    .strictObject({
      name: line(100).optional(),
      enabled: z.boolean().optional(),
      settings: settingsSchema.optional(),
      secrets: secretsSchema.optional(),
    })
    .meta({ examples: [{ enabled: false }] }),
  answer: { status: 200, description: 'The channel as it is now', schema: channelSchema },
  handler: async ({ params, body: { name, enabled, settings, secrets }, services, audit }) => {
    audit.id = params.id
    audit.detail = {
      ...(name === undefined ? {} : { name }),
      ...(enabled === undefined ? {} : { enabled }),
      settings: settings !== undefined,
      secrets: secrets !== undefined,
    }
    const channel = await services.notifications.channels.change(params.id, {
      ...(name === undefined ? {} : { name }),
      ...(enabled === undefined ? {} : { enabled }),
      ...(settings === undefined ? {} : { settings }),
      ...(secrets === undefined ? {} : { secrets }),
    })
    audit.detail = { ...audit.detail, target: channel.target }
    return channel
  },
})
