import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GuardContext, Passage } from '../app/types.js'
import { type Refusal, refusalBody } from '../app/refusal.js'
import { startOver, sendOwn, setHeaders } from './answer.js'
import { aboutOf, type EdgeGuard, finish } from './edge.js'
import { holdBack } from './hold.js'

const NOTHING = (): undefined => undefined

/** Answers for an error: the guard's problem or page, with the headers that the answer has already. */
export const answerError = (guard: EdgeGuard, error: unknown, request: IncomingMessage, response: ServerResponse): void => {
  const answer = guard.errors.answer(error, { request, ...aboutOf(guard.of(request)) })
  const [type, ...headers] = answer.headers
  sendOwn(request, response, { status: answer.status, headers, contentType: type?.[1], text: answer.body })
}

/** Sends what the guard answers instead of the application. */
export const sendRefusal = (
  refusal: Refusal,
  request: IncomingMessage,
  response: ServerResponse,
  headers: readonly (readonly [string, string])[] = [],
): void => {
  const body = refusalBody(refusal)
  sendOwn(request, response, { status: refusal.status, headers, contentType: body?.contentType, text: body?.text })
}

const admit = (
  guard: EdgeGuard,
  passage: Passage,
  request: IncomingMessage,
  response: ServerResponse,
  pass: (context: GuardContext) => void,
  route: () => string | undefined,
): void => {
  guard.remember(request, passage.context)
  // a client that went away while a store was asked: 'close' has been and does not come again
  if (response.destroyed) {
    finish(guard, passage, 499)
    return
  }
  // 'close' comes after every end, also when the client has gone away before the answer
  response.on('close', () => finish(guard, passage, response.headersSent ? response.statusCode : 499, route()))
  if (response.headersSent) return
  response.removeHeader('X-Powered-By')
  setHeaders(response, passage.headers)
  if (passage.refusal !== undefined) {
    sendRefusal(passage.refusal, request, response)
    return
  }
  if (passage.hold !== undefined)
    holdBack(response, passage.hold, route, (refusal) => {
      startOver(response, passage.headers)
      sendRefusal(refusal, request, response, refusal.headers)
    })
  pass(passage.context)
}

/**
 * Judges one request of `node:http`: sets the headers and, when the guard refuses, answers; otherwise `pass` is called, at once where no
 * store had to be asked. `route` is asked at the end for the pattern that matched. A guard that fails lets nothing through. Never throws.
 */
export const protect = (
  guard: EdgeGuard,
  request: IncomingMessage,
  response: ServerResponse,
  pass: (context: GuardContext) => void,
  route: () => string | undefined = NOTHING,
): void => {
  try {
    const passage = guard.enter(request, (headers) => {
      if (!response.headersSent) setHeaders(response, headers)
    })
    if (!(passage instanceof Promise)) {
      admit(guard, passage, request, response, pass, route)
      return
    }
    passage
      .then((entered) => admit(guard, entered, request, response, pass, route))
      // also what `pass` throws after a store was asked: nobody else would catch it
      .catch((error: unknown) => answerError(guard, error, request, response))
  } catch (error) {
    answerError(guard, error, request, response)
  }
}
