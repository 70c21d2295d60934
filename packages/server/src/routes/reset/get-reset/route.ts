import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** Whether a one-time link is good, and whose it is. */
export const getReset = defineRoute({
  id: 'getReset',
  method: 'POST',
  url: '/v1/reset/check',
  tag: 'session',
  summary: 'Look at a one-time link',
  description: 'Does not use it up. A POST, so that the link stands in no log of addresses.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'operator.reset_finished', resource: 'operator', when: 'refused' },
  body: z.strictObject({ link: z.string().min(1).max(2_048) }),
  answer: { status: 200, description: 'The link is good', schema: z.object({ name: z.string() }).meta({ examples: [{ name: 'Ann' }] }) },
  handler: async ({ body, services }) => {
    const id = await services.resets.find(body.link)
    const operator = id === undefined ? undefined : await services.operators.get(id)
    if (operator === undefined) throw new ParapetError('PPT_RESET_LINK')
    return { name: operator.name }
  },
})
