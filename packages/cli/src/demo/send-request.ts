import { request as httpRequest } from 'node:http'
import type { DemoRequest } from './traffic.js'

/** Did the guard refuse? */
export const isBlocked = (status: number): boolean => status === 403

/**
 * Sends one request of the demo and keeps the visitor's cookies in `jars`. The path goes out as it is written: `fetch` would
 * resolve the `..` of a traversal away. Resolves with the status; rejects when the shop does not answer.
 */
export const sendRequest = (shop: string, request: DemoRequest, jars: Map<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(shop)
    const body = request.form === undefined ? undefined : new URLSearchParams(request.form).toString()
    const cookie = jars.get(request.visitor)
    const outgoing = httpRequest(
      {
        hostname,
        port,
        method: request.method,
        path: request.path,
        timeout: 10_000,
        headers: {
          'user-agent': request.agent,
          'x-forwarded-for': request.address,
          'sec-fetch-site': 'same-origin',
          ...(cookie === undefined ? {} : { cookie }),
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const set = response.headers['set-cookie']
        if (set !== undefined) jars.set(request.visitor, set.map((line) => line.split(';')[0]).join('; '))
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
