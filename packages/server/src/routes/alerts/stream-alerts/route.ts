import type { AlertView } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { openEventStream } from '../../../http/event-stream.js'
import { lastEventId, resumable } from '../../../http/resume.js'

/** New and changed alerts as they happen. */
export const streamAlerts = defineRoute({
  id: 'streamAlerts',
  method: 'GET',
  url: '/v1/alerts/stream',
  tag: 'alerts',
  summary: 'Follow alerts',
  description:
    'Server-sent events named `alert`. Begins with what comes after Last-Event-ID, else with what happens from now on. A comment every 15 seconds.',
  permission: 'alerts.read',
  rateLimit: 'stream',
  audit: 'none',
  answer: { status: 200, description: 'A stream of `alert` messages', mediaType: 'text/event-stream' },
  handler: async ({ principal, request, reply, services }) => {
    services.streams.assertRoom(principal)
    const after = lastEventId(request)
    const shown = services.namesFor(principal).alert
    await resumable<{ alert: AlertView; sequence: number }>({
      subscribe: (fn) => services.alerts.subscribe((alert, sequence) => fn({ alert, sequence })),
      sequenceOf: ({ sequence }) => sequence,
      begin: async () => {
        const head = await services.alerts.head()
        // a cursor of the future is of another store
        return { after: Math.min(after ?? head, head) }
      },
      since: (sequence) => services.alerts.since(sequence, 500),
      open: () => {
        // asked again: many that came at once all found room
        services.streams.assertRoom(principal)
        const stream = openEventStream(reply)
        services.streams.add(principal, stream)
        return stream
      },
      message: ({ alert, sequence }) => ({ event: 'alert', id: sequence, data: shown(alert) }),
    })
  },
})
