import { gzipSync } from 'node:zlib'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerContentTypes } from './content-types.js'
import { sendProblem, toPublicError } from './problems.js'

let app: FastifyInstance
const echo = (request: FastifyRequest) => Promise.resolve({ kind: typeof request.body, body: request.body ?? null })
const count = (request: FastifyRequest) => Promise.resolve({ bytes: Buffer.isBuffer(request.body) ? request.body.length : null })
beforeAll(async () => {
  app = Fastify()
  registerContentTypes(app)
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, toPublicError(error), { text: (value) => value }))
  app.post('/json', { bodyLimit: 1_000 }, echo)
  app.post(
    '/raw',
    { bodyLimit: 1_000, config: { parapet: { permission: 'public', rateLimit: 'public', audit: 'none', rawBody: true } } },
    count,
  )
  await app.ready()
})
afterAll(() => app.close())

const post = async (url: string, payload: string | Buffer, headers: Record<string, string>) => {
  const answer = await app.inject({ method: 'POST', url, payload, headers })
  return { status: answer.statusCode, ...answer.json<Record<string, unknown>>() }
}
const JSON_TYPE = { 'content-type': 'application/json' }

describe('bodies', () => {
  it('are parsed JSON, and the bytes where a route asks for them', async () => {
    expect(await post('/json', '{"a":1}', JSON_TYPE)).toEqual({ status: 200, kind: 'object', body: { a: 1 } })
    expect(await post('/raw', '{"a":1}', JSON_TYPE)).toEqual({ status: 200, bytes: 7 })
    expect(await post('/raw', '{}\n{}', { 'content-type': 'application/x-ndjson' })).toEqual({ status: 200, bytes: 5 })
  })

  it('are inflated within the limit of their own route', async () => {
    const gzip = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    expect(await post('/json', gzipSync('{"a":1}'), gzip)).toMatchObject({ status: 200, body: { a: 1 } })
    expect(await post('/json', gzipSync(JSON.stringify('x'.repeat(2_000))), gzip)).toMatchObject({
      status: 413,
      code: 'PPT_BODY_TOO_LARGE',
    })
    expect(await post('/raw', gzipSync(Buffer.alloc(1_001)), gzip)).toMatchObject({ status: 413, code: 'PPT_BODY_TOO_LARGE' })
  })

  it('may be empty where a client only labels them', async () => {
    expect(await post('/json', '', JSON_TYPE)).toMatchObject({ status: 200, kind: 'undefined' })
  })

  it('of every other type are refused: no form of another site is ever read [ASVS 3.5.2]', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json5',
      'text/json',
      'application/xml',
    ]) {
      expect(await post('/json', 'a=1', { 'content-type': type })).toMatchObject({ status: 415, code: 'PPT_MEDIA_TYPE' })
    }
    expect(await post('/json', '{}', { 'content-type': 'application/x-ndjson' })).toMatchObject({ status: 415, code: 'PPT_MEDIA_TYPE' })
  })

  it('in another charset are refused, in UTF-8 by any of its names not', async () => {
    for (const charset of ['utf-16', 'latin1', 'utf-7'])
      expect(await post('/json', '{}', { 'content-type': `application/json; charset=${charset}` })).toMatchObject({ status: 415 })
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"', 'utf8'])
      expect(await post('/json', '{}', { 'content-type': `application/json; charset=${charset}` })).toMatchObject({ status: 200 })
  })

  it('with a key that reaches for the prototype reach nothing [ASVS 15.3.6]', async () => {
    await post('/json', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}', JSON_TYPE)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
