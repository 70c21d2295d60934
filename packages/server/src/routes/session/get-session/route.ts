import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { PERMISSIONS } from '../../../http/permissions.js'

/** Who am I: what the console asks first. */
export const getSession = defineRoute({
  id: 'getSession',
  method: 'GET',
  url: '/v1/session',
  tag: 'session',
  summary: 'Who is signed in',
  description: 'Answers for sessions and tokens alike; 401 for strangers.',
  permission: 'signed-in',
  rateLimit: 'read',
  audit: 'none',
  beforeEnrolment: true,
  answer: {
    status: 200,
    description: 'The principal of this request',
    schema: z
      .object({
        kind: z.enum(['operator', 'token', 'local']),
        id: z.string(),
        name: z.string(),
        role: z.enum(['admin', 'viewer']).exactOptional(),
        permissions: z.array(z.enum(PERMISSIONS)),
        expiresAt: z.int().nullable(),
        /** the rules ask for a second factor: nothing else opens before there is one */
        mustEnrol: z.boolean().exactOptional(),
      })
      .meta({
        examples: [
          { kind: 'operator', id: '019a…', name: 'Ann', role: 'viewer', permissions: ['events.read'], expiresAt: 1_795_243_200_000 },
        ],
      }),
  },
  handler: async ({ principal }) => {
    if (principal.kind === 'operator') {
      const { id, name, role, permissions, expiresAt, mustEnrol } = principal
      const who = { kind: 'operator' as const, id, name, role, permissions: [...permissions], expiresAt }
      return mustEnrol ? { ...who, mustEnrol } : who
    }
    if (principal.kind === 'token') {
      return {
        kind: 'token' as const,
        id: principal.id,
        name: principal.name,
        permissions: [...principal.scopes],
        expiresAt: principal.expiresAt ?? null,
      }
    }
    return { kind: 'local' as const, id: 'local', name: 'command on this machine', permissions: [...PERMISSIONS], expiresAt: null }
  },
})
