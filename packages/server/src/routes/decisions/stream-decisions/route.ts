import type { Decision, DecisionStreamMessage } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { openEventStream } from '../../../http/event-stream.js'
import { lastEventId, resumable } from '../../../http/resume.js'

/** Revisions that a follower may be behind and still catch up change by change; beyond, it gets a snapshot. */
const MAX_CATCH_UP = 5_000

/** Decisions in one part of a snapshot: well below what may wait for a client, however long their reasons are. */
const PART = 250
/** Decisions read at once. */
const READ = 2_000

type Snapshot = Extract<DecisionStreamMessage, { event: 'snapshot' }>

/** Every part but the last says that there is more, and has no id: whoever saw only some of them has nothing to resume from. */
const snapshotOf = async function* (
  revision: number,
  reads: AsyncIterable<readonly Decision[]>,
  shown: (decision: Decision) => Decision,
): AsyncGenerator<Snapshot & { readonly id?: number }> {
  let held: readonly Decision[] = []
  for await (const found of reads) {
    const read = found.map(shown)
    for (let from = 0; from < read.length; from += PART) {
      if (held.length > 0) yield { event: 'snapshot', data: { revision, decisions: held, more: true } }
      held = read.slice(from, from + PART)
    }
  }
  yield { event: 'snapshot', id: revision, data: { revision, decisions: held } }
}

/** What enforcers follow: a snapshot, then every change. */
export const streamDecisions = defineRoute({
  id: 'streamDecisions',
  method: 'GET',
  url: '/v1/decisions/stream',
  tag: 'decisions',
  summary: 'Follow decisions',
  description:
    'Server-sent events: `snapshot` with everything in force (in several parts when it is long: all but the last hold `more: true` and no id), then `decision` for every change; the id is the revision. With Last-Event-ID only the changes since then.',
  permission: 'decisions.read',
  rateLimit: 'stream',
  audit: 'none',
  answer: { status: 200, description: 'A stream of `snapshot` and `decision` messages', mediaType: 'text/event-stream' },
  handler: async ({ principal, request, reply, services }) => {
    services.streams.assertRoom(principal)
    const after = lastEventId(request)
    // enforcers come with a token of their own, and always get names: they could not enforce a hint
    const shown = services.namesFor(principal).decision
    await resumable<Decision>({
      subscribe: services.decisions.subscribe,
      sequenceOf: ({ revision }) => revision,
      begin: async () => {
        const now = services.clock()
        const revision = await services.decisions.revision()
        // a cursor of the future is of another store: start it over
        if (after !== undefined && after <= revision && revision - after <= MAX_CATCH_UP) return { after }
        return { after: revision, first: snapshotOf(revision, services.decisions.activeInParts(now, READ), shown) }
      },
      since: (revision) => services.decisions.since(revision, 1_000),
      open: () => {
        // asked again: many that came at once all found room
        services.streams.assertRoom(principal)
        const stream = openEventStream(reply)
        services.streams.add(principal, stream)
        return stream
      },
      message: (decision) => ({ event: 'decision', id: decision.revision, data: shown(decision) }),
    })
  },
})
