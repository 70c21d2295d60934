import type { Decision } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { openEventStream } from '../../../http/event-stream.js'
import { lastEventId, resumable } from '../../../http/resume.js'

/** Revisions that a follower may be behind and still catch up change by change; beyond, it gets a snapshot. */
const MAX_CATCH_UP = 5_000

/** What enforcers follow: a snapshot, then every change. */
export const streamDecisions = defineRoute({
  id: 'streamDecisions',
  method: 'GET',
  url: '/v1/decisions/stream',
  tag: 'decisions',
  summary: 'Follow decisions',
  description:
    'Server-sent events: `snapshot` with everything in force, then `decision` for every change; the id is the revision. With Last-Event-ID only the changes since then.',
  permission: 'decisions.read',
  rateLimit: 'stream',
  audit: 'none',
  answer: { status: 200, description: 'A stream of `snapshot` and `decision` messages', mediaType: 'text/event-stream' },
  handler: async ({ principal, request, reply, services }) => {
    services.streams.assertRoom(principal)
    const after = lastEventId(request)
    await resumable<Decision>({
      subscribe: services.decisions.subscribe,
      sequenceOf: ({ revision }) => revision,
      begin: async () => {
        const snapshot = await services.decisions.active(services.clock())
        // a cursor of the future is of another store: start it over
        if (after !== undefined && after <= snapshot.revision && snapshot.revision - after <= MAX_CATCH_UP)
          return { after, first: undefined }
        return { after: snapshot.revision, first: { event: 'snapshot', id: snapshot.revision, data: snapshot } }
      },
      since: (revision) => services.decisions.since(revision, 1_000),
      open: () => {
        const stream = openEventStream(reply)
        services.streams.add(principal, stream)
        return stream
      },
      message: (decision) => ({ event: 'decision', id: decision.revision, data: decision }),
    })
  },
})
