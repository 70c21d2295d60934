import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { GuardContext, Passage } from '../app/types.js'
import { type Refusal, refusalBody } from '../app/refusal.js'
import { isOfCors, mayGoOn, OF_THE_BODY } from '../node/answer.js'
import { optionError } from '../options/check.js'
import { aboutOf, diagnose, type EdgeGuard, finish } from '../node/edge.js'
import { letGo } from '../web/protect.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** what the guard knows of this request: its id, client, session and nonce */
    readonly guard: GuardContext | undefined
  }
  interface FastifyReply {
    /** for `<script nonce>` of this answer */
    readonly nonce: string
  }
}

type SendDone = (error: Error | null, payload?: unknown) => void

/** What an answer waits for, and the headers of the guard on it. */
type Held = { readonly hold: NonNullable<Passage['hold']>; readonly headers: Passage['headers'] }

/** Ends a body that nobody will read, in any form that Fastify takes. */
const letGoPayload = (payload: unknown): void => {
  if (payload instanceof Readable) payload.destroy()
  else if (payload instanceof ReadableStream) letGo(payload)
  else if (payload instanceof Response) letGo(payload.body)
}

/** Keeps an answer back until its access record is written; where that fails, another one goes out. */
const holdBack = async (
  { hold, headers: own }: Held,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: SendDone,
): Promise<void> => {
  let refusal: Refusal | undefined
  try {
    refusal = await hold({ status: reply.statusCode, route: request.routeOptions.url })
  } catch {
    reply.raw.destroy()
    return
  }
  if (refusal === undefined) {
    done(null, payload)
    return
  }
  letGoPayload(payload)
  for (const name of Object.keys(reply.getHeaders())) {
    if (isOfCors(name)) continue
    void reply.removeHeader(name)
    reply.raw.removeHeader(name)
  }
  putHeaders(reply, [...own, ...refusal.headers])
  done(null, prepareRefusal(request, reply, refusal))
}

/** What the plugin may be told. */
export type FastifyGuardOptions = {
  /** answer what the application throws; default true. `false` leaves Fastify's own handler, which sends `error.message` to the client */
  readonly errors?: boolean
}

/** Holds what an answer waits for, where access records are written first. */
const held = new WeakMap<object, Held>()

/** Names of headers as Fastify keeps them: folding one is most of what setting a header costs. */
const folded = new Map<string, string>()
/** Names come from the guard, never from a request; more of them than these are folded each time. */
const MOST_FOLDED = 256

const fold = (name: string): string => {
  const held = folded.get(name)
  if (held !== undefined) return held
  const lower = name.toLowerCase()
  if (folded.size < MOST_FOLDED) folded.set(name, lower)
  return lower
}

const putHeaders = (reply: FastifyReply, headers: readonly (readonly [string, string])[]): void => {
  for (const header of headers) {
    const name = fold(header[0])
    if (name === 'vary' && reply.hasHeader('vary')) void reply.header('vary', `${String(reply.getHeader('vary'))}, ${header[1]}`)
    else void reply.header(name, header[1])
  }
}

/** The body is not read: the connection ends, so that nothing of it is taken for the next request. */
const closeUnread = (request: FastifyRequest, reply: FastifyReply): void => {
  if (request.raw.httpVersionMajor < 2 && mayGoOn(request.raw.headers)) void reply.header('connection', 'close')
}

/** Bytes, since Fastify adds a charset to JSON that is text. */
const prepareRefusal = (request: FastifyRequest, reply: FastifyReply, refusal: Refusal): Buffer | null => {
  const body = refusalBody(refusal)
  void reply.code(refusal.status).header('cache-control', 'no-store')
  if (body !== undefined) void reply.header('content-type', body.contentType)
  closeUnread(request, reply)
  return body === undefined ? null : Buffer.from(body.text)
}

const sendError = (guard: EdgeGuard, error: unknown, request: FastifyRequest, reply: FastifyReply, closes = false): void => {
  const answer = guard.errors.answer(error, {
    request: request.raw,
    ...aboutOf(guard.of(request.raw)),
    parameters: { params: request.params, body: request.body },
  })
  for (const name of OF_THE_BODY) void reply.removeHeader(name)
  void reply.code(answer.status)
  putHeaders(reply, answer.headers)
  if (closes) closeUnread(request, reply)
  void reply.send(Buffer.from(answer.body))
}

/**
 * The guard as a plugin, for the whole application: `await app.register(fastify(guard))` before the routes. `request.guard` and
 * `reply.nonce` are read lazily; what routes throw is answered by `guard.errors`. Give {@link fastifyFrameworkErrors} to Fastify itself:
 * it answers some malformed requests before any hook.
 */
export const fastify = (guard: EdgeGuard, options: FastifyGuardOptions = {}): FastifyPluginCallback => {
  const admit = (passage: Passage, request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const raw: ServerResponse = reply.raw
    guard.remember(request.raw, passage.context)
    if (raw.destroyed) {
      finish(guard, passage, 499)
      return
    }
    raw.on('close', () => finish(guard, passage, raw.headersSent ? raw.statusCode : 499, request.routeOptions.url))
    putHeaders(reply, passage.headers)
    if (passage.refusal !== undefined) {
      void reply.send(prepareRefusal(request, reply, passage.refusal) ?? undefined)
      return
    }
    if (passage.hold !== undefined) held.set(reply, { hold: passage.hold, headers: passage.headers })
    done()
  }
  const plugin = (app: FastifyInstance, _options: unknown, registered: (error?: Error) => void): void => {
    if (app.hasRequestDecorator('guard')) {
      registered(optionError('fastify', 'a second guard on one application', 'register one, for the whole application'))
      return
    }
    // read when asked: a decoration that is written costs every request
    app.decorateRequest('guard', {
      getter() {
        return guard.of(this.raw)
      },
    })
    app.decorateReply('nonce', {
      getter() {
        return guard.of(this.request.raw)?.nonce ?? ''
      },
    })
    app.addHook('onRequest', (request, reply, done) => {
      try {
        const passage = guard.enter(request.raw, (headers) => {
          if (!reply.sent) putHeaders(reply, headers)
        })
        if (passage instanceof Promise)
          passage
            .then((entered) => admit(entered, request, reply, done))
            .catch((error: unknown) => sendError(guard, error, request, reply, true))
        else admit(passage, request, reply, done)
      } catch (error) {
        sendError(guard, error, request, reply, true)
      }
    })
    if (guard.holds) {
      app.addHook('onSend', (request, reply, payload, done) => {
        const waits = held.get(reply)
        if (waits === undefined) {
          done(null, payload)
          return
        }
        held.delete(reply)
        void holdBack(waits, request, reply, payload, done)
      })
    }
    if (options.errors === false)
      diagnose(guard, 'framework_debug', "Fastify's own handler sends error.message to the client: leave errors: false out")
    else app.setErrorHandler((error, request, reply) => sendError(guard, error, request, reply))
    registered()
  }
  // for the whole application, not for the plugin's own scope alone
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'parapet-guard',
  })
}

/**
 * Answers what Fastify refuses before any hook runs, such as a broken `%` in the path: `Fastify({ frameworkErrors:
 * fastifyFrameworkErrors(guard) })`. Its own answer repeats the path.
 */
export const fastifyFrameworkErrors =
  (
    guard: EdgeGuard & { readonly headers: { readonly apply: () => readonly (readonly [string, string])[] } },
  ): ((error: Error, request: FastifyRequest, reply: FastifyReply) => void) =>
  (error, request, reply) => {
    putHeaders(reply, guard.headers.apply())
    sendError(guard, error, request, reply, true)
  }
