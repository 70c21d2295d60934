import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../app/guard.js'
import { protect } from './protect.js'

/** A request listener of `node:http`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Puts the guard before a plain `node:http` handler: `createServer(node(guard)(handler))`. */
export const node = (guard: Guard): ((handler: NodeHandler) => NodeHandler) => {
  const run = async (handler: NodeHandler, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await protect(guard, request, response)) handler(request, response)
  }
  return (handler) => (request, response) => void run(handler, request, response)
}
