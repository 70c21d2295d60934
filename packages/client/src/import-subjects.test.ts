import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SubjectImport } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient } from './client.js'

const TOKEN = 'ppt_test_token_0123456789'
let server: Server | undefined
let requests: { readonly url: string; readonly token: string; readonly ids: readonly string[] }[] = []

/** A control plane that answers each request with the next of some answers, and then 200. */
const serve = async (...answers: readonly ((response: ServerResponse) => void)[]): Promise<string> => {
  requests = []
  const queue = [...answers]
  server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const { subjects } = JSON.parse(body) as SubjectImport
      requests.push({ url: request.url ?? '', token: request.headers.authorization ?? '', ids: subjects.map(({ id }) => id) })
      const answer = queue.shift()
      if (answer === undefined) response.end('{}')
      else answer(response)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

const client = (url: string) => createClient({ url, token: TOKEN, chance: () => 0 })
const people = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `u${n}` }))

describe('the users of an application', () => {
  it('go up in bounded batches, each once, in their order, with the token of the source', async () => {
    const url = await serve()
    const made = client(url)
    expect(await made.importSubjects(people(2_345))).toEqual({ taken: 2_345 })
    expect(requests.map(({ ids }) => ids.length)).toEqual([1_000, 1_000, 345])
    expect(requests.flatMap(({ ids }) => ids)).toEqual(people(2_345).map(({ id }) => id))
    expect(new Set(requests.map((request) => `${request.url} ${request.token}`))).toEqual(new Set([`/v1/subjects/import Bearer ${TOKEN}`]))
    await made.close()
  })

  it('are read no faster than they are taken', async () => {
    const url = await serve()
    const made = client(url)
    let read = 0
    let ahead = 0
    await made.importSubjects(
      (async function* () {
        for (const person of people(3_000)) {
          ahead = Math.max(ahead, ++read - requests.length * 1_000)
          yield person
        }
      })(),
    )
    expect(ahead).toBeLessThanOrEqual(1_000)
    await made.close()
  })

  it('are sent again when the control plane is behind or away for a moment', async () => {
    const url = await serve(
      (response) => response.writeHead(429, { 'retry-after': '0' }).end('{}'),
      (response) => response.destroy(),
      (response) => response.writeHead(503).end('{}'),
    )
    const made = client(url)
    expect(await made.importSubjects(people(2))).toEqual({ taken: 2 })
    expect(requests).toHaveLength(4)
    await made.close()
  })

  it('are not sent again where that cannot help, and never to another place', async () => {
    const url = await serve((response) => response.writeHead(403).end('{}'))
    const made = client(url)
    await expect(made.importSubjects(people(1))).rejects.toMatchObject({
      code: 'PPT_CONTROL_PLANE',
      message: expect.stringContaining('HTTP 403'),
    })
    expect(requests).toHaveLength(1)
    await made.close()
  })

  it('stop with the client, and what throws while they are read comes to who asked', async () => {
    const url = await serve((response) => response.writeHead(503, { 'retry-after': '60' }).end('{}'))
    const made = client(url)
    const sending = made.importSubjects(people(1))
    const stopped = sending.catch((error: unknown) => error)
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await made.close()
    expect(await stopped).toMatchObject({ code: 'PPT_CONTROL_PLANE' })
    const broken = (function* () {
      yield { id: 'u1' }
      throw new Error('the database is away')
    })()
    await expect(client(url).importSubjects(broken)).rejects.toThrow('the database is away')
  })
})
