import { z } from 'zod'
import { PERMISSIONS } from '../../http/permissions.js'
import type { ApiToken } from '../../modules/tokens/index.js'

/** A token on the wire, without the token. */
export const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(PERMISSIONS)),
    source: z.object({ id: z.string(), name: z.string() }).nullable(),
    createdAt: z.int(),
    expiresAt: z.int().nullable(),
    lastUsedAt: z.int().nullable(),
  })
  .meta({ id: 'Token' }) satisfies z.ZodType<ApiToken>

/** A new token, shown this once. */
export const newTokenSchema = z.object({ token: z.string(), view: tokenSchema })
