import { type RandomSource, uuidv7 } from '@parapet/core'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { registerContentTypes } from '../http/content-types.js'
import { registerGate } from '../http/gate.js'
import { registerOpenApi } from '../http/openapi.js'
import { sendProblem, toPublicError } from '../http/problems.js'
import { routes } from '../routes/index.js'
import { VERSION } from '../version.js'
import type { Services } from './services.js'

/** Largest body of a route that sets no limit of its own, bytes after decompression. */
const BODY_LIMIT = 65_536

const shape = (services: Services): string => (services.config.tls === undefined ? 'http' : 'https')

/** Answers what is no HTTP at all, for which no request object exists. */
const onClientError = (
  error: NodeJS.ErrnoException,
  socket: { writable: boolean; end: (text: string) => void; destroy: () => void },
): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/**
 * Builds the HTTP application: parsers, gate, errors and every route. It does not listen. Throws at once when a route does not
 * declare its permission, its limit and its audit.
 */
export const createApp = async (
  services: Services,
  options: { tls?: { cert: string; key: string }; random?: RandomSource } = {},
): Promise<FastifyInstance> => {
  const app = Fastify({
    loggerInstance: services.log,
    // requests are logged below, by route and never by URL: a query may name a person
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuidv7(services.clock(), options.random),
    trustProxy: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false },
    clientErrorHandler: onClientError,
    ...(options.tls === undefined ? {} : { https: options.tls }),
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, toPublicError(error), services.masker)
    },
  }) as unknown as FastifyInstance
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.decorateRequest('principal')
  app.decorateRequest('clientAddress')
  app.decorateRequest('auditNotes')
  registerContentTypes(app)

  app.setErrorHandler((error, request, reply) => {
    const shown = toPublicError(error)
    const problem = sendProblem(request, reply, shown, services.masker)
    // the whole error stays here, under the id that the client was given; the log's own redaction takes care of headers
    if (reply.statusCode >= 500) request.log.error({ err: error, route: request.routeOptions.url, code: shown.code }, 'request failed')
    else request.log.debug({ code: shown.code, detail: shown.detail, route: request.routeOptions.url }, 'request refused')
    return problem
  })
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, { code: 'PPT_NOT_FOUND' }, services.masker))
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    services.metrics.request(route, request.method, reply.statusCode, reply.elapsedTime / 1_000)
    request.log.debug({ route, method: request.method, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request answered')
    done()
  })

  registerGate(app, services)
  await registerOpenApi(app, { version: VERSION, serverUrl: services.config.publicUrl, scheme: shape(services) })
  for (const route of routes) route.register(app, services)
  await app.ready()
  return app
}
