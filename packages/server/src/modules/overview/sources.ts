import type { EventStore } from '../events/index.js'
import type { Source, Sources } from '../sources/index.js'

/** A source with what it last did. */
export type SourceView = Source & { readonly lastEventAt: number | null; readonly state: 'live' | 'silent' | 'new' }

/** All sources with the time of their last event. */
export const sourceViews = async (deps: {
  sources: Pick<Sources, 'list'>
  events: Pick<EventStore, 'lastEventPerSource'>
  clock: () => number
}): Promise<SourceView[]> => {
  const [sources, last] = await Promise.all([deps.sources.list(), deps.events.lastEventPerSource()])
  const lastById = new Map(last.map(({ id, lastEventAt }) => [id, lastEventAt]))
  return sources.map((source) => {
    const lastEventAt = lastById.get(source.id) ?? null
    const isSilent = lastEventAt !== null && source.silentAfterMs !== null && deps.clock() - lastEventAt > source.silentAfterMs
    const state = lastEventAt === null ? 'new' : isSilent ? 'silent' : 'live'
    return Object.assign({ lastEventAt, state } as const, source)
  })
}
