import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { ERRORS, toProblem } from '@parapet/core'
import type { RouteMeta } from './define-route.js'
import { PROBLEM_TYPE } from './problems.js'

const PROBLEM = {
  type: 'object',
  description: 'Problem details, RFC 9457',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    detail: { type: 'string', description: 'what this occurrence is about' },
    instance: { type: 'string', description: 'the reference under which the log has the rest' },
  },
  examples: [toProblem('PPT_INVALID', { detail: 'body: name: is missing' })],
} as const

type Operation = { responses?: Record<string, unknown>; requestBody?: { content?: Record<string, unknown> }; operationId?: string }

const problem = (description: string) => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** What every route may answer beside its own success, from what it declares about itself. */
const commonAnswers = (meta: RouteMeta | undefined): Record<string, unknown> => ({
  ...(meta?.permission === 'public'
    ? {}
    : { 401: problem('Not signed in, or the token is unknown, expired or revoked'), 403: problem('Not allowed') }),
  429: problem('Too many requests; Retry-After says how long to wait'),
  503: problem('The database does not answer; nothing acknowledged is lost'),
})

/** Builds the OpenAPI document from the routes' own schemas. Source: OpenAPI 3.1. */
export const registerOpenApi = async (
  app: FastifyInstance,
  options: { version: string; serverUrl: string; scheme: string },
): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parapet control plane',
        version: options.version,
        description:
          'Events in, alerts and decisions out. Errors are RFC 9457 problems with a code; live data comes as server-sent events and resumes by Last-Event-ID.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: options.serverUrl }],
      security: [{ token: [] }, { session: [] }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token that begins with ppt_, with the scopes it needs' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'parapet-session',
            description: 'The session of an operator; `__Host-` stands before the name over HTTPS',
          },
        },
      },
    },
    transform: (input) => {
      const meta = input.route.config?.parapet
      const { schema, url } = jsonSchemaTransform(input)
      return { schema: { ...schema, 'x-parapet': meta } as typeof schema, url }
    },
    transformObject: (input) => {
      const document = jsonSchemaTransformObject(input) as unknown as {
        components: { schemas?: Record<string, unknown> }
        paths: Record<string, Record<string, Operation & { 'x-parapet'?: RouteMeta }>>
      }
      document.components.schemas = { ...document.components.schemas, Problem: PROBLEM }
      for (const operations of Object.values(document.paths)) {
        for (const operation of Object.values(operations)) {
          operation.responses = { ...operation.responses, ...commonAnswers(operation['x-parapet']) }
          const json = operation.requestBody?.content?.['application/json']
          if (operation['x-parapet']?.rawBody === true && operation.requestBody?.content !== undefined)
            operation.requestBody.content['application/x-ndjson'] = json
        }
      }
      return document
    },
  })
}
