import { ParapetError } from '@parapet/core'
import { LIST_FORMATS, LIST_MEDIA_TYPES } from '@parapet/respond/enforcers'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** A list of denied ranges for a firewall or a cloud. */
export const getFeed = defineRoute({
  id: 'getFeed',
  method: 'GET',
  url: '/v1/feeds/:name',
  tag: 'decisions',
  summary: 'Fetch a list of denied ranges',
  description:
    'Ranges put together to the fewest that hold the same addresses, IPv4 first. 304 when nothing has changed since the ETag in If-None-Match. A list that cannot be told is 503, never an empty one: keep what you have.',
  permission: 'feeds.read',
  rateLimit: 'read',
  audit: 'none',
  params: z.object({ name: z.string().max(24) }),
  query: z.object({ format: z.enum(LIST_FORMATS).default('text') }),
  answer: { status: 200, description: 'The list', mediaType: 'text/plain' },
  handler: async ({ params: { name }, query: { format }, request, reply, services }) => {
    const list = services.feeds.lists.read(name)
    if (list === undefined) throw new ParapetError('PPT_NOT_FOUND', 'there is no feed of this name in parapet.yml')
    if (list === 'not_ready') throw new ParapetError('PPT_DATABASE_UNAVAILABLE', 'decisions are being read')
    services.feeds.noteFetch(name)
    const { text, etag } = services.feeds.lists.file(name, list, format)
    void reply.header('etag', etag).header('cache-control', 'no-cache').header('last-modified', new Date(list.generatedAt).toUTCString())
    const asked = request.headers['if-none-match'] ?? ''
    if (asked.length < 1_024 && asked.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)) {
      reply.code(304).send()
      return
    }
    reply
      .type(LIST_MEDIA_TYPES[format])
      .serializer((body: unknown) => String(body))
      .send(text)
  },
})
