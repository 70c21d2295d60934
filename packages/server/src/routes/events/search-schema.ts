import { DAY, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { line, momentSchema, oneOrMore } from '../../http/query-schemas.js'
import { type EventSearch, readFilter } from '../../modules/events/index.js'

/** What all searches over events take. */
export const searchQuery = z.object({
  since: momentSchema.optional().meta({ description: 'received since; the last 24 hours when left out' }),
  until: momentSchema.optional().meta({ description: 'received before' }),
  address: line(64).optional().meta({ description: 'an address or a range' }),
  user: line(256).optional().meta({ description: 'an id, a name or a mail address' }),
  source: line(128).optional().meta({ description: 'the id of a source' }),
  q: line(256).optional().meta({ description: 'text that stands anywhere in the event, whatever its case; not in what is sealed' }),
  filter: oneOrMore(line(1_024), 16).meta({
    description: '`field:value`, or `-field:value` for everything else; a value may end with `*`. Repeat for several, all must hold.',
  }),
})

/** The search that a query asks for. Errors: `PPT_INVALID`. */
export const searchOf = (query: z.output<typeof searchQuery>, now: number): EventSearch => {
  const { q, filter, since = now - DAY, until = now + DAY, ...rest } = query
  if (since >= until) throw new ParapetError('PPT_INVALID', 'since: before until')
  const { address, user, source } = rest
  return { since, until, address, user, source, text: q, filters: filter.map(readFilter) }
}
