import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Guard, Passage } from '../app/types.js'
import { setHeaders } from '../node/answer.js'
import { answerError, protect, sendRefusal } from '../node/protect.js'
import { findRoute, listen, readAll } from './fixtures/routes.js'
import { SUBJECTS } from './fixtures/subjects.js'
import { adapterConformance, type AdapterUnderTest } from './index.js'

/** How an adapter lets a request in: it sets headers, answers refusals, or calls `pass`. */
type Entrance = (guard: Guard, request: IncomingMessage, response: ServerResponse, pass: () => void) => void

/** A small adapter around an entrance; `fail` answers what the application throws. */
const adapter = (
  entrance: Entrance,
  fail: (guard: Guard, error: unknown, request: IncomingMessage, response: ServerResponse) => void = answerError,
): AdapterUnderTest => ({
  gaps: ['router-errors'],
  start: (guard, routes) => {
    const run = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const found = findRoute(routes, request.method ?? '', request.url ?? '')
      const context = guard.of(request)
      if (found === undefined || context === undefined) {
        response.statusCode = found === undefined ? 404 : 500
        response.end()
        return
      }
      const input = {
        request,
        context,
        get nonce() {
          return context.nonce
        },
        query: found.query,
        body: await readAll(request),
        id: found.id,
      }
      const { status = 200, headers = [], body } = await found.route.handle(input)
      response.statusCode = status
      for (const [name, value] of headers) response.appendHeader(name, value)
      if (typeof body === 'string') response.end(body)
      else {
        for await (const part of body) response.write(part)
        response.end()
      }
    }
    return listen(
      createServer((request, response) =>
        entrance(guard, request, response, () => {
          run(request, response).catch((error: unknown) => fail(guard, error, request, response))
        }),
      ),
    )
  },
})

const right: Entrance = (guard, request, response, pass) => protect(guard, request, response, pass)

/** A hand-written entrance, of which a mutant leaves something out. */
const byHand =
  (change: {
    readonly headers?: (passage: Passage, response: ServerResponse) => void
    readonly told?: (passage: Passage, response: ServerResponse) => void
    readonly refuse?: (passage: Passage, request: IncomingMessage, response: ServerResponse) => void
    readonly failed?: (guard: Guard, request: IncomingMessage, pass: () => void) => void
    readonly as?: (request: IncomingMessage) => Parameters<Guard['enter']>[0]
  }): Entrance =>
  (guard, request, response, pass) => {
    const enter = async (): Promise<void> => {
      let passage: Passage
      try {
        passage = await guard.enter(change.as?.(request) ?? request)
      } catch (error) {
        if (change.failed !== undefined) change.failed(guard, request, pass)
        else answerError(guard, error, request, response)
        return
      }
      guard.remember(request, passage.context)
      if (change.told !== undefined) change.told(passage, response)
      else response.once('close', () => {
        try {
          passage.done(response.headersSent ? response.statusCode : 499)
        } catch {
          // whoever listens must change no answer
        }
      }) // prettier-ignore
      if (change.headers !== undefined) change.headers(passage, response)
      else setHeaders(response, passage.headers)
      if (passage.refusal === undefined) pass()
      else if (change.refuse === undefined) sendRefusal(passage.refusal, request, response)
      else change.refuse(passage, request, response)
    }
    void enter()
  }

/** The names of the checks that an adapter does not pass. */
const failing = async (subject: AdapterUnderTest, about: RegExp): Promise<readonly string[]> => {
  const failed: string[] = []
  for (const { name, needs, run } of adapterConformance) {
    if (!about.test(name) || (needs !== undefined && subject.gaps?.includes(needs) === true)) continue
    try {
      await run(subject)
    } catch {
      failed.push(name)
    }
  }
  return failed
}

let cached: readonly (readonly [string, string])[] | undefined

/** Each is a mistake that adapters have made, and the part of the suite that has to find it. */
const MUTANTS: readonly (readonly [string, RegExp, AdapterUnderTest])[] = [
  ['forgets the headers', /puts the security headers/, adapter(byHand({ headers: () => undefined }))],
  [
    'forgets the headers on refusals alone',
    /puts the security headers/,
    adapter(byHand({ headers: (passage, response) => (passage.refusal === undefined ? setHeaders(response, passage.headers) : undefined) })),
  ],
  [
    'caches the headers, and the nonce with them',
    /fresh nonce/,
    adapter(byHand({ headers: (passage, response) => setHeaders(response, (cached ??= passage.headers)) })),
  ],
  ['calls the application although the guard refused', /deny: 403/, adapter(byHand({ refuse: (_passage, _request, response) => void response.end('hello') }))],
  [
    'answers a refusal and leaves the connection open over an unread body',
    /closes the connection of a refused upload/,
    adapter(
      byHand({
        refuse: (passage, request, response) => {
          sendRefusal(passage.refusal!, Object.assign(Object.create(request) as IncomingMessage, { headers: {} }), response)
        },
      }),
    ),
  ],
  ['tells of nothing', /tells of every request once/, adapter(byHand({ told: () => undefined }))],
  [
    'tells twice',
    /tells of every request once/,
    adapter(
      byHand({
        told: (passage, response) => {
          response.once('finish', () => passage.done(response.statusCode))
          response.once('close', () => passage.done(response.statusCode))
        },
      }),
    ),
  ],
  [
    'tells the end of an answer only: a client that has gone away is never told of',
    /goes away before its answer/,
    adapter(byHand({ told: (passage, response) => void response.once('finish', () => passage.done(response.statusCode)) })),
  ],
  ['fails open when the guard fails', /lets nothing through when the guard/, adapter(
      byHand({
        failed: (guard, request, pass) => {
          guard.remember(request, { id: '', client: { kind: 'unknown', reason: 'no_peer' }, session: { kind: 'none' }, nonce: '' })
          pass()
        },
      }),
    )],
  [
    'takes the left-most forwarded address for the peer',
    /without a declared proxy/,
    adapter(
      byHand({
        as: (request) => ({
          method: request.method,
          url: request.url,
          headers: request.headers,
          socket: { remoteAddress: String(request.headers['x-forwarded-for']).split(',')[0] },
        }),
      }),
    ),
  ],
  [
    'shows the message of an error',
    /tells the client nothing of an error/,
    adapter(right, (_guard, error, _request, response) => {
      response.statusCode = 500
      response.setHeader('Content-Type', 'application/problem+json')
      response.end(JSON.stringify({ code: 'PPT_INTERNAL', detail: String(error) }))
    }),
  ],
  [
    'shares one context between requests',
    /keeps the context of 200 parallel requests apart/,
    adapter((guard, request, response, pass) => {
      protect(guard, request, response, () => {
        const known = guard.of(request)
        // the last one to come is everybody's
        last = known ?? last
        setTimeout(() => {
          if (last !== undefined) guard.remember(request, last)
          pass()
        }, 30)
      })
    }),
  ],
  [
    'does not wait for the record of an access',
    /record of the access/,
    adapter(byHand({})),
  ],
] // prettier-ignore
let last: ReturnType<Guard['of']>

describe('the suite', () => {
  it.each(MUTANTS)('finds an adapter that %s', async (_what, about, subject) => {
    expect(await failing(subject, about)).not.toEqual([])
  })

  it('finds nothing wrong with the same adapter made right', async () => {
    const about = new RegExp(MUTANTS.map(([, { source }]) => source).join('|'))
    expect(await failing(adapter(right), about)).toEqual([])
  })

  it('has a name for each check, and knows every gap that a subject may have', () => {
    expect(new Set(adapterConformance.map(({ name }) => name)).size).toBe(adapterConformance.length)
    const gaps = new Set(['connection', ...adapterConformance.flatMap(({ needs }) => (needs === undefined ? [] : [needs]))])
    for (const { gaps: had = [] } of Object.values(SUBJECTS)) for (const gap of had) expect(gaps).toContain(gap)
  })
})
