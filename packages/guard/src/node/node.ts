import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../app/guard.js'
import { protect } from './protect.js'

/** A request listener of `node:http`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Puts the guard before a plain `node:http` handler: `createServer(node(guard)(handler))`. */
export const node =
  (guard: Guard): ((handler: NodeHandler) => NodeHandler) =>
  (handler) =>
  (request, response) => {
    void protect(guard, request, response).then((pass) => {
      if (pass) handler(request, response)
    })
  }
