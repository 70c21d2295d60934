import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** The process runs and answers; says nothing about what it depends on. */
export const getHealth = defineRoute({
  id: 'getHealth',
  method: 'GET',
  head: true,
  url: '/healthz',
  tag: 'operations',
  summary: 'Is the process alive',
  permission: 'public',
  rateLimit: 'public',
  audit: 'none',
  answer: { status: 200, description: 'It is', schema: z.object({ status: z.literal('ok') }) },
  handler: async () => ({ status: 'ok' as const }),
})
