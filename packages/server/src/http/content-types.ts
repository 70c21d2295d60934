import type { IncomingMessage } from 'node:http'
import { ParapetError } from '@parapet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decodeText, parseJson, readBody } from './body.js'

const assertCharset = (contentType: string | undefined): void => {
  const charset = /;\s*charset\s*=\s*"?([\w-]{1,32})"?/i.exec(contentType?.slice(0, 256) ?? '')?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new ParapetError('PPT_MEDIA_TYPE', 'the charset may be utf-8 or left out')
}

/**
 * The only parsers: JSON everywhere, NDJSON where a route takes raw bodies. Both inflate gzip within the route's limit. Raw
 * routes get the bytes, others the parsed value.
 */
export const registerContentTypes = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  const read = (request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> => {
    assertCharset(request.headers['content-type'])
    return readBody(payload, {
      limit: request.routeOptions.bodyLimit,
      encoding: request.headers['content-encoding'],
      length: request.headers['content-length'],
    })
  }
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    const body = await read(request, payload)
    if (request.routeOptions.config.parapet?.rawBody === true) return body
    // some clients label an empty DELETE as JSON
    return body.length === 0 ? undefined : parseJson(decodeText(body))
  })
  app.addContentTypeParser('application/x-ndjson', async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    if (request.routeOptions.config.parapet?.rawBody !== true) throw new ParapetError('PPT_MEDIA_TYPE', 'send application/json here')
    return read(request, payload)
  })
}
