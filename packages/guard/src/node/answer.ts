import type { IncomingMessage, ServerResponse } from 'node:http'

/** An answer of ours. `text` undefined: status and headers are all of it. */
export type OwnAnswer = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly contentType?: string | undefined
  readonly text: string | undefined
}

/** Headers that describe the body that the application meant to send, and not ours. */
export const OF_THE_BODY = [
  'Content-Encoding',
  'Content-Language',
  'Content-Range',
  'Content-Disposition',
  'Content-Length',
  'Transfer-Encoding',
  'ETag',
  'Last-Modified',
  'Accept-Ranges',
  'Trailer',
] as const

/** Whether something may still come that is no next request: a body, or another protocol after a handshake. */
export const mayGoOn = (headers: IncomingMessage['headers']): boolean =>
  headers['transfer-encoding'] !== undefined || headers.upgrade !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Puts the headers of a passage on an answer: cookies and `Vary` beside what is there, everything else once. */
export const setHeaders = (response: ServerResponse, headers: readonly (readonly [string, string])[]): void => {
  for (const header of headers) {
    const name = header[0]
    if (name === 'Set-Cookie' || name === 'Vary') response.appendHeader(name, header[1])
    else response.setHeader(name, header[1])
  }
}

/** Whether a header says who may read an answer, and nothing of what it is: a browser's program must be able to read a refusal. */
export const isOfCors = (name: string): boolean => name.toLowerCase().startsWith('access-control-')

/** Takes back what an answer that is not given would have said and done, such as cookies: the headers of the guard are left. */
export const startOver = (response: ServerResponse, own: readonly (readonly [string, string])[]): void => {
  for (const name of response.getHeaderNames()) if (!isOfCors(name)) response.removeHeader(name)
  setHeaders(response, own)
}

/**
 * Answers instead of the application. What has begun to be answered cannot be taken back: that connection ends. Never throws.
 */
export const sendOwn = (request: IncomingMessage, response: ServerResponse, answer: OwnAnswer): void => {
  try {
    if (response.headersSent) {
      // an answer that is whole goes out as it is
      if (!response.writableEnded) response.destroy()
      return
    }
    for (const name of OF_THE_BODY) response.removeHeader(name)
    response.removeHeader('X-Powered-By')
    setHeaders(response, answer.headers)
    response.statusCode = answer.status
    // a phrase that the application has set may hold what it liked; HTTP/2 has none
    if (request.httpVersionMajor < 2) response.statusMessage = ''
    response.setHeader('Cache-Control', 'no-store')
    if (answer.contentType === undefined) response.removeHeader('Content-Type')
    else response.setHeader('Content-Type', answer.contentType)
    response.setHeader('Content-Length', answer.text === undefined ? 0 : Buffer.byteLength(answer.text))
    // the body was not read: whatever the client still sends must not be taken for its next request
    // (HTTP/2 frames its requests, and knows no such header)
    if (request.httpVersionMajor < 2 && mayGoOn(request.headers)) response.setHeader('Connection', 'close')
    response.end(request.method === 'HEAD' ? undefined : answer.text)
  } catch {
    response.destroy()
  }
}
