import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** A receiver that has lost its list asks for all of it. */
export const askSnapshot = defineRoute({
  id: 'askSnapshot',
  method: 'POST',
  url: '/v1/feeds/:name/snapshot',
  tag: 'decisions',
  summary: 'Push the whole list again',
  description: 'Every webhook of this feed gets a message of type `feed.snapshot` next; its sequence goes on.',
  permission: 'feeds.read',
  rateLimit: 'write',
  audit: { action: 'feed.snapshot_asked', resource: 'feed' },
  params: z.object({ name: z.string().max(24) }),
  answer: { status: 202, description: 'How many receivers are told', schema: z.object({ receivers: z.int() }) },
  handler: async ({ params: { name }, services, audit }) => {
    if (!services.feeds.lists.names.includes(name)) throw new ParapetError('PPT_NOT_FOUND', 'there is no feed of this name in parapet.yml')
    audit.id = name
    return { receivers: await services.feeds.askSnapshot(name) }
  },
})
