import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'

/** Paths of the API: what is not there is a problem document, never a page. */
const API = /^\/(?:v1|healthz|readyz|metrics|openapi\.json)(?:\/|$)/

/** The console's files; paths that it routes by itself get its start page. */
export const getPage = defineRoute({
  id: 'getPage',
  method: ['GET', 'HEAD'],
  url: '/*',
  tag: 'console',
  summary: 'Pages and files of the console',
  permission: 'public',
  rateLimit: 'public',
  audit: 'none',
  answer: { status: 200, description: 'A page, a script, a style, an image', mediaType: 'text/html' },
  handler: async ({ request, reply, services }) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    if (API.test(path)) throw new ParapetError('PPT_NOT_FOUND')
    const file = services.site.find(path)
    if (file === undefined)
      throw new ParapetError('PPT_NOT_FOUND', services.site.built ? undefined : 'the console is not built; run npm run build')
    for (const [name] of services.headers.api.apply()) void reply.removeHeader(name)
    void reply
      .headers(Object.fromEntries(services.headers.page.apply()))
      .headers({ etag: file.etag, 'cache-control': file.cacheControl, vary: 'accept-encoding' })
    if (request.headers['if-none-match'] === file.etag) {
      await reply.code(304).send()
      return
    }
    const packed = file.gzip !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    if (packed) void reply.header('content-encoding', 'gzip')
    await reply.type(file.type).send(packed ? file.gzip : file.body)
  },
})
