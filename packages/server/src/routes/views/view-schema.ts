import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { may, type Principal } from '../../http/principal.js'
import { line } from '../../http/query-schemas.js'

/** What an operator says of a search that he keeps. */
export const viewSchema = z.strictObject({
  name: line(128),
  query: z
    .string()
    .max(4_096)
    .refine((text) => !/\p{Cc}/u.test(text), 'may not hold control characters')
    .meta({ description: 'the query string of the page Activity' }),
  shared: z.boolean().default(false),
})

/** Sharing puts words before everybody. Throws `PPT_FORBIDDEN` for who may not. */
export const assertMayShare = (principal: Principal, shared: boolean | undefined): void => {
  if (shared === true && !may(principal, 'triage.write')) throw new ParapetError('PPT_FORBIDDEN', 'shared: needs triage.write')
}
