import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../app/guard.js'

/**
 * Judges one request of `node:http`: sets the headers and, when the guard refuses, answers. True: the application's turn.
 * Never rejects.
 */
export const protect = async (guard: Guard, request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
  const passage = await guard.enter(request)
  guard.remember(request, passage.context)
  // 'close' comes after every end, also when the client has gone away before the answer
  response.once('close', () => passage.done(response.headersSent ? response.statusCode : 499))
  if (response.headersSent || response.destroyed) return false
  response.removeHeader('X-Powered-By')
  for (const [name, value] of passage.headers) {
    if (name === 'Set-Cookie' || name === 'Vary') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  const { refusal } = passage
  if (refusal === undefined) return true
  const body = JSON.stringify(refusal.problem)
  response.statusCode = refusal.status
  response.setHeader('Content-Type', 'application/problem+json')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.setHeader('Cache-Control', 'no-store')
  // the body was not read: whatever the client still sends must not be taken for its next request
  // (HTTP/2 frames its requests, and knows no such header)
  const framed = request.httpVersionMajor >= 2
  if (!framed && (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0))
    response.setHeader('Connection', 'close')
  response.end(request.method === 'HEAD' ? undefined : body)
  return false
}
