import type { IncomingMessage } from 'node:http'
import { ParapetError } from '@parapet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decodeText, parseJson, readBody } from './body.js'

const assertCharset = (contentType: string | undefined): void => {
  const charset = /;\s*charset\s*=\s*"?([\w-]{1,32})"?/i.exec(contentType?.slice(0, 256) ?? '')?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new ParapetError('PPT_MEDIA_TYPE', 'the charset may be utf-8 or left out')
}

/**
 * The only parsers: JSON everywhere, forms without a field, NDJSON and protobuf where a route takes raw bodies. All inflate gzip within the route's limit. Raw
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
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    if (request.routeOptions.config.parapet?.ownCredential !== true) throw new ParapetError('PPT_MEDIA_TYPE')
    // the body of somebody else's request, which nobody reads: nothing in it may be an error
    payload.resume()
    return undefined
  })
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    const body = await read(request, payload)
    if (request.routeOptions.config.parapet?.rawBody === true) return body
    // some clients label an empty DELETE as JSON
    return body.length === 0 ? undefined : parseJson(decodeText(body))
  })
  // what a browser sends for a form that has a button and nothing else; a form with fields is nothing that is taken here
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
      if ((await read(request, payload)).length > 0) throw new ParapetError('PPT_MEDIA_TYPE', 'send application/json here')
      return undefined
    },
  )
  for (const type of ['application/x-ndjson', 'application/x-protobuf'])
    app.addContentTypeParser(type, async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
      if (request.routeOptions.config.parapet?.rawBody !== true) throw new ParapetError('PPT_MEDIA_TYPE', 'send application/json here')
      return read(request, payload)
    })
}
