import { z } from 'zod'

/** A source on the wire. */
export const sourceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['application', 'host']),
    demo: z.boolean(),
    createdAt: z.int(),
    lastEventAt: z.int().nullable(),
    state: z.enum(['live', 'silent', 'new']),
  })
  .meta({ id: 'Source' })
