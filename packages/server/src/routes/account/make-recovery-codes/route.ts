import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { tellSelf } from '../own-act.js'

/** Makes new recovery codes; the old ones end. */
export const makeRecoveryCodes = defineRoute({
  id: 'makeRecoveryCodes',
  method: 'POST',
  url: '/v1/account/recovery-codes',
  tag: 'account',
  summary: 'Make new recovery codes',
  description: 'Ten codes, shown this once; each signs in once in the place of the app or the passkey. The old ones end.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'factor.codes_made', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  answer: {
    status: 200,
    description: 'The codes',
    schema: z.object({ recoveryCodes: z.array(z.string()) }).meta({ examples: [{ recoveryCodes: ['k7wq-2hfp-9xmd', '…'] }] }),
  },
  handler: async ({ principal, request, services }) => {
    const operator = asOperator(principal)
    const recoveryCodes = await services.factors.regenerateCodes(operator.id)
    tellSelf(services, operator, request, 'recovery_codes_made')
    return { recoveryCodes: [...recoveryCodes] }
  },
})
