import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { abortableFetch } from './abortable-fetch.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

let server: Server
let url = ''
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
const closed: string[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    response.once('close', () => {
      if (!response.writableEnded) closed.push(request.url ?? '')
    })
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const fetchFirm = abortableFetch(globalThis.fetch)
const silent = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: first\n\n')
}
/** What became of something soon after the garbage was collected and `abort` was called. */
const outcome = async (work: Promise<unknown>, abort: () => void): Promise<string> => {
  let ended = 'goes on'
  work.then(
    () => (ended = 'ended'),
    (error: unknown) => (ended = error instanceof Error ? error.message : String(error)),
  )
  await later(100)
  for (let i = 0; i < 3; i++) {
    collectGarbage()
    await later(20)
  }
  abort()
  await later(200)
  return ended
}
const readAll = async (response: Response): Promise<void> => {
  const reader = response.body?.getReader()
  while ((await reader?.read())?.done === false);
}

describe('a signal that is aborted after the garbage was collected', () => {
  it('ends the reading of a stream that is silent, and the connection with it', async () => {
    answer = silent
    const given = new AbortController()
    const work = (async () => readAll(await fetchFirm(`${url}/stream`, { signal: given.signal })))()
    expect(await outcome(work, () => given.abort(new Error('silence')))).toBe('silence')
    expect(closed).toContain('/stream')
  })

  it('ends the wait for the rest of a text', async () => {
    answer = silent
    const given = new AbortController()
    const work = (async () => (await fetchFirm(url, { signal: given.signal })).text())()
    expect(await outcome(work, () => given.abort(new Error('late')))).toBe('late')
  })

  it.each([
    ['one signal', (given: AbortSignal) => given],
    ['the first of several', (given: AbortSignal) => AbortSignal.any([given, AbortSignal.timeout(60_000)])],
  ])('ends the wait for an answer: %s', async (_, signalOf) => {
    answer = () => undefined
    const given = new AbortController()
    const work = fetchFirm(url, { method: 'POST', body: 'x', signal: signalOf(given.signal) })
    expect(await outcome(work, () => given.abort(new Error('no answer')))).toBe('no answer')
  })

  it('ends by a timeout as well', async () => {
    answer = silent
    const work = (async () => (await fetchFirm(url, { signal: AbortSignal.timeout(250) })).text())()
    expect(await outcome(work, () => undefined)).toMatch(/timeout/)
  })
})

describe('an abortable fetch', () => {
  it('gives status, headers and every byte as they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { maxLength: 8 }),
        fc.integer({ min: 200, max: 599 }).filter((status) => ![204, 205, 304].includes(status)),
        async (parts, status) => {
          answer = (_request, response) => {
            response.writeHead(status, { 'x-kept': 'yes' })
            for (const part of parts) response.write(part)
            response.end()
          }
          const response = await fetchFirm(url, { signal: new AbortController().signal, redirect: 'manual' })
          expect([response.status, response.headers.get('x-kept')]).toEqual([status, 'yes'])
          expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.concat(parts))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('gives no body where there is none, and rejects at once for a signal that was aborted before', async () => {
    answer = (_request, response) => response.writeHead(204).end()
    const response = await fetchFirm(url, { signal: new AbortController().signal })
    expect([response.status, response.body]).toEqual([204, null])
    await expect(fetchFirm(url, { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over')
  })

  it('ends the connection when the body is not wanted, and rejects when the server cuts it', async () => {
    answer = silent
    const unwanted = await fetchFirm(`${url}/unwanted`, { signal: new AbortController().signal })
    await unwanted.body?.cancel()
    await later(100)
    expect(closed).toContain('/unwanted')
    answer = (_request, response) => {
      silent(_request, response)
      setTimeout(() => response.destroy(), 50)
    }
    await expect(readAll(await fetchFirm(url, { signal: new AbortController().signal }))).rejects.toThrow('terminated')
  })

  it('is the other fetch where no signal is given', async () => {
    const plain = new Response('x')
    expect(await abortableFetch(() => Promise.resolve(plain))(url)).toBe(plain)
  })
})
