import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EdgeGuard } from './edge.js'
import { answerError, protect } from './protect.js'

/** A request listener of `node:http`; it may be asynchronous. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * Puts the guard before a plain `node:http` handler: `createServer(node(guard)(handler))`. What the handler throws, or rejects with, is
 * answered by `guard.errors`.
 */
export const node =
  (guard: EdgeGuard): ((handler: NodeHandler) => (request: IncomingMessage, response: ServerResponse) => void) =>
  (handler) =>
  (request, response) => {
    protect(guard, request, response, () => {
      try {
        const running = handler(request, response)
        if (running instanceof Promise) running.catch((error: unknown) => answerError(guard, error, request, response))
      } catch (error) {
        answerError(guard, error, request, response)
      }
    })
  }
