import { DAY, HOUR, MINUTE, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { PASS_COOKIE } from '../../../modules/authorize/index.js'

const time = z.int().min(0)

/** An application says what a user has shown, and gets the cookie that says so to `/v1/authorize`. */
export const createPass = defineRoute({
  id: 'createPass',
  method: 'POST',
  url: '/v1/authorize/passes',
  tag: 'decisions',
  summary: 'Vouch for a user at forward-auth',
  description:
    'Called by an application after a sign-in, a step-up or a reset; times in ms UTC. The answer is a cookie for the browser of that user: with it, decisions on the user hold at the proxy, and what he has shown since is not asked of him again.',
  permission: 'decisions.read',
  rateLimit: 'ingest',
  audit: { action: 'pass.made', resource: 'pass', when: 'refused' },
  body: z
    .strictObject({
      user: z.string().min(1).max(256),
      signedInAt: time,
      factorAt: time.optional(),
      passwordAt: time.optional(),
      maxAgeSeconds: z
        .int()
        .min(60)
        .max((30 * DAY) / 1_000)
        .default((12 * HOUR) / 1_000),
    })
    .meta({ examples: [{ user: 'u-1001', signedInAt: 1_795_000_000_000, factorAt: 1_795_000_000_000 }] }),
  answer: {
    status: 201,
    description: 'The cookie to set: HttpOnly, Secure, SameSite=Lax, Path=/',
    schema: z.object({ cookie: z.object({ name: z.string(), value: z.string(), maxAgeSeconds: z.int() }) }),
  },
  handler: async ({ body, principal, services }) => {
    if (principal.kind !== 'token' || principal.source === undefined)
      throw new ParapetError('PPT_FORBIDDEN', "passes are made with a source's own token")
    const now = services.clock()
    const { maxAgeSeconds, ...shown } = body
    for (const at of [shown.signedInAt, shown.factorAt, shown.passwordAt])
      if (at !== undefined && at > now + MINUTE) throw new ParapetError('PPT_INVALID', 'a time lies in the future')
    const value = services.authorize.passes.issue({
      source: principal.source.id,
      user: shown.user,
      signedInAt: shown.signedInAt,
      ...(shown.factorAt === undefined ? {} : { factorAt: shown.factorAt }),
      ...(shown.passwordAt === undefined ? {} : { passwordAt: shown.passwordAt }),
      expiresAt: now + maxAgeSeconds * 1_000,
    })
    return { cookie: { name: PASS_COOKIE, value, maxAgeSeconds } }
  },
})
