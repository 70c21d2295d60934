import { MINUTE, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { sourceHealthSchema } from '../../../http/detection-schemas.js'
import { idParams } from '../../../http/query-schemas.js'

/** A page that a mail may lead people to: encrypted, or on this very machine, and nothing of ours in it. */
const pageSchema = z
  .string()
  .max(500)
  .refine((text) => {
    if (!URL.canParse(text)) return false
    const { protocol, hostname, username, password } = new URL(text)
    const isLocal = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
    return (protocol === 'https:' || isLocal) && username === '' && password === ''
  }, 'takes an https URL such as https://shop.example.org/reset, without a name or a password')
  .transform((text) => new URL(text).href)

/** Says how long a source may be silent, and where its users set a new password. */
export const changeSource = defineRoute({
  id: 'changeSource',
  method: 'PATCH',
  url: '/v1/sources/:id',
  tag: 'sources',
  summary: 'Change how long a source may be silent, and where its users set a new password',
  description:
    'A source that sends no event for longer is an alert of the rule `silent-source`; null: never. An agent must send a heartbeat within a minute. `resetUrl` is what mails about password resets link to: the application’s own page, which sends its own link.',
  permission: 'sources.manage',
  rateLimit: 'write',
  audit: { action: 'source.changed', resource: 'source' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z
    .strictObject({ silentAfterMinutes: z.int().min(1).max(10_080).nullable().optional(), resetUrl: pageSchema.nullable().optional() })
    .refine((body) => Object.values(body).some((value) => value !== undefined), 'give silentAfterMinutes or resetUrl')
    .meta({ examples: [{ silentAfterMinutes: 720 }, { resetUrl: 'https://shop.example.org/reset' }] }),
  answer: { status: 200, description: 'The source as it is now', schema: sourceHealthSchema },
  handler: async ({ params, body, services, audit }) => {
    audit.id = params.id
    const { silentAfterMinutes: minutes, resetUrl } = body
    audit.detail = {
      ...(minutes === undefined ? {} : { silentAfterMinutes: minutes ?? 'never' }),
      ...(resetUrl === undefined ? {} : { resetUrl: resetUrl ?? 'none' }),
    }
    if (minutes !== undefined) await services.sources.allowSilence(params.id, minutes === null ? null : minutes * MINUTE)
    if (resetUrl !== undefined) await services.sources.setResetUrl(params.id, resetUrl)
    const source = (await services.sourceHealth()).find(({ id }) => id === params.id)
    if (source === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return source
  },
})
