import { z } from 'zod'
import { ROLES } from '../../http/permissions.js'
import type { Operator } from '../../modules/operators/index.js'

/** An operator on the wire. */
export const operatorSchema = z
  .object({ id: z.string(), name: z.string(), role: z.enum(ROLES), createdAt: z.int(), lastSignInAt: z.int().nullable() })
  .meta({
    id: 'Operator',
    examples: [
      { id: '019aa6c2-7d0a-7c55-9d0e-1f6f2d2c8a11', name: 'Ann', role: 'admin', createdAt: 1_795_200_000_000, lastSignInAt: null },
    ],
  }) satisfies z.ZodType<Operator>
