import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'
import { displayName } from '../../../modules/operators/index.js'

/** Gives a passkey another name. */
export const renamePasskey = defineRoute({
  id: 'renamePasskey',
  method: 'PATCH',
  url: '/v1/account/passkeys/:id',
  tag: 'account',
  summary: 'Rename a passkey',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'factor.renamed', resource: 'factor' },
  params: z.object({ id: line(256) }),
  body: z.strictObject({ name: displayName }).meta({ examples: [{ name: 'Key on my ring' }] }),
  answer: { status: 204, description: 'Renamed' },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.detail = { factor: 'passkey' }
    await services.factors.renamePasskey(asOperator(principal).id, params.id, body.name)
  },
})
