import { createServer, type Server, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { describe, expect, it } from 'vitest'
import type { TestServer } from '../../fixtures/serve.js'
import type { Target } from '../../target/target.js'
import { brief, runProbe, seen } from '../seen/fixtures/run-probe.js'
import { grown, hugeBody } from './huge-body.js'
import { reportFlood } from './report-flood.js'
import { slowBody } from './slow-body.js'

const start = async (options: ServerOptions, app: Parameters<Server['on']>[1] & ((...args: never[]) => unknown)): Promise<TestServer> => {
  const server = createServer(options, app as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Limits = {
  readonly limit: string
  readonly validates?: boolean
  readonly breaks?: boolean
  readonly head?: number
  readonly reports?: 'bounded' | 'greedy' | 'breaks' | 'foreign'
}

/** Express with a sign-in by form, notes in JSON and a collector of reports. */
const openApp = ({ limit, validates = false, breaks = false, head, reports = 'bounded' }: Limits): Promise<TestServer> => {
  const app = express()
  app.disable('x-powered-by')
  if (reports === 'greedy')
    app.post('/reports', express.raw({ limit: '50mb', type: () => true }), (_, response) => void response.status(204).end())
  if (reports === 'breaks')
    app.post(
      '/reports',
      express.raw({ limit: '50mb', type: () => true }),
      (_, response) => void response.status(response.socket === null ? 204 : 500).end(),
    )
  if (reports === 'bounded')
    app.post('/reports', (request, response) => {
      let size = 0
      request.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > 65_536 && !response.headersSent) response.status(204).set('connection', 'close').end()
      })
      request.on('end', () => {
        if (!response.headersSent) response.status(204).end()
      })
    })
  app.use(express.json({ limit }), express.urlencoded({ limit, extended: false }))
  app.post('/sign-in', (request, response) => {
    const { name } = (request.body ?? {}) as { name?: string }
    if (name === 'anna') response.cookie('sid', 'anna').redirect(303, '/')
    else response.status(401).send('no')
  })
  app.get('/me', (request, response) => void response.status((request.headers.cookie ?? '').includes('sid=anna') ? 200 : 401).send('me'))
  app.post('/notes', (request, response) => {
    const strange = validates && Object.keys((request.body ?? {}) as object).length !== 1
    response.status(strange ? 400 : 201).json({ saved: !strange })
  })
  app.get('/', (_, response) => void response.send('home'))
  app.use(
    (error: { status?: number }, _request: unknown, response: express.Response, _next: unknown) =>
      void response.status(breaks ? 500 : (error.status ?? 500)).send('failed'),
  )
  return start(head === undefined ? {} : { maxHeaderSize: head }, app as never)
}

const TARGET: Target = {
  accounts: { a: { name: 'anna', password: 'anna-secret' } },
  signIn: {
    request: { method: 'POST', path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } },
    proof: '/me',
    cookie: 'sid',
  },
  writes: [{ name: 'note', request: { method: 'POST', path: '/notes', json: { text: 'x' } } }],
  reports: '/reports',
}

describe('huge bodies', () => {
  it('passes limits, and says what the same request in small was answered', async () => {
    const verdicts = await runProbe(hugeBody, TARGET, await openApp({ limit: '100kb' }))
    expect(brief(verdicts)).toEqual(['pass /sign-in', 'pass /notes', 'pass / (a long address)', 'pass / (a long header)'])
    expect(verdicts[1]).toMatchObject({ control: 'the same request in small was answered (201); with its length: 413, in chunks: 413' })
  })

  it('finds a server that reads them, also where the answer is a refused sign-in', async () => {
    const verdicts = await runProbe(hugeBody, TARGET, await openApp({ limit: '50mb', head: 1_000_000 }))
    expect(brief(verdicts)).toEqual(['fail /sign-in', 'fail /notes', 'fail / (a long address)', 'fail / (a long header)'])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('answers 401 as to a small one') })
    expect(verdicts[2]).toMatchObject({ severity: 'low' })
  })

  it('finds one that checks fields strictly all the same: the body says nothing new', async () => {
    expect((await runProbe(hugeBody, TARGET, await openApp({ limit: '50mb', validates: true })))[1]).toMatchObject({
      verdict: 'fail',
      locator: '/notes',
    })
  })

  it('calls a server that breaks on them low', async () => {
    expect((await runProbe(hugeBody, TARGET, await openApp({ limit: '100kb', breaks: true })))[1]).toMatchObject({
      verdict: 'fail',
      severity: 'low',
      locator: '/notes',
    })
  })

  it('grows a request without a change of what it says', () => {
    expect(JSON.parse(grown({ path: '/', json: { a: 1 } }, 50).body)).toEqual({ a: 1 })
    expect(grown({ path: '/', json: { a: 1 } }, 50).body.length).toBe(57)
    expect(new URLSearchParams(grown({ path: '/', form: { a: 'b&c' } }, 50).body).get('a')).toBe('b&c')
  })

  it.each([
    ['an honest request that is refused', seen(403), [seen(413)], 'inconclusive'],
    ['a limit of the target', seen(200), [seen(429)], 'inconclusive'],
    ['a connection that is refused', seen(200), [seen(0, '', { why: 'refused: x' })], 'error'],
    ['a wait', seen(200), [seen(0, '', { why: 'timeout: x' })], 'fail'],
    ['a cut connection', seen(200), [seen(0, '', { why: 'reset: x' })], 'pass'],
    ['a redirect', seen(303), [seen(303)], 'fail'],
    ['another status', seen(303), [seen(415)], 'pass'],
  ])('judges %s', (_, honest, huge, verdict) => {
    const facts = {
      bodies: [{ place: '/x', honest, huge: huge.map((one) => ({ how: 'with its length', seen: one })) }],
      home: seen(200),
      long: [],
      after: seen(200),
    }
    expect(hugeBody.judge(facts)[0]?.verdict).toBe(verdict)
  })
})

describe('slow requests', () => {
  it.concurrent('finds a server that waits for heads and bodies, and passes one with times', async () => {
    const app = (
      request: { resume: () => void; on: (event: 'end', then: () => void) => void },
      response: { end: (text: string) => void },
    ): void => {
      request.on('end', () => response.end('home'))
      request.resume()
    }
    const [patient, strict] = await Promise.all([
      start({ headersTimeout: 0, requestTimeout: 0 }, app as never).then((server) => runProbe(slowBody, {}, server)),
      start({ headersTimeout: 2_000, requestTimeout: 3_000, connectionsCheckingInterval: 500 }, app as never).then((server) =>
        runProbe(slowBody, {}, server),
      ),
    ])
    expect(patient).toMatchObject([
      {
        verdict: 'fail',
        locator: '/ (slow head)',
        severity: 'medium',
        says: expect.stringContaining('after 12.5 s of one byte every 900 ms'),
      },
      { verdict: 'fail', locator: '/ (slow body)', severity: 'low' },
    ])
    expect(strict).toMatchObject([
      { verdict: 'pass', locator: '/ (slow head)', control: expect.stringContaining('408 after') },
      { verdict: 'pass', locator: '/ (slow body)' },
    ])
  })

  const held = (one: ReturnType<typeof seen>) => Array.from({ length: 6 }, () => ({ seen: one, afterMs: 5_000 }))
  const open = held(seen(0, '', { why: 'timeout: x' }))
  it.each([
    [
      'some that are open and some that are ended',
      seen(200),
      seen(200),
      [...open.slice(0, 2), ...held(seen(408)).slice(2)],
      ['inconclusive', 'inconclusive'],
    ],
    ['others that wait meanwhile', seen(200), seen(0, '', { why: 'timeout: x' }), open, ['fail', 'fail', 'fail']],
    ['closed connections', seen(200), seen(200), held(seen(0, '', { why: 'reset: x' })), ['pass', 'pass']],
    ['a server that was never there', seen(0, '', { why: 'refused: x' }), seen(200), open, ['error']],
    ['a server that cannot be connected to', seen(200), seen(200), held(seen(0, '', { why: 'refused: x' })), ['error', 'error']],
    ['a limit', seen(200), seen(200), held(seen(429)), ['inconclusive', 'inconclusive']],
    ['an honest visitor who is limited', seen(200), seen(429), open, ['inconclusive']],
  ])('judges %s', (_, before, during, all, expected) => {
    const facts = { before, during, after: seen(200), heads: all, bodies: all, bodyPath: '/' }
    expect(slowBody.judge(facts).map(({ verdict }) => verdict)).toEqual(expected)
  })
})

describe('slow bodies where heads are ended', () => {
  it('are no more than a note: a body may take longer than is measured', () => {
    const [ended, open] = [seen(408), seen(0, '', { why: 'timeout: x' })].map((one) =>
      Array.from({ length: 6 }, () => ({ seen: one, afterMs: 8_000 })),
    )
    const facts = { before: seen(200), during: seen(200), after: seen(200), heads: ended, bodies: open, bodyPath: '/sign-in' }
    expect(slowBody.judge(facts)).toMatchObject([
      { verdict: 'pass', locator: '/ (slow head)', control: expect.stringContaining('408 after 8.0 s') },
      { verdict: 'fail', severity: 'info', locator: '/sign-in (slow body)', says: expect.stringContaining('longer was not measured') },
    ])
  })
})

describe('floods of reports', () => {
  it('passes a collector that answers 204 to everything and stops reading', async () => {
    const [verdict] = await runProbe(reportFlood, TARGET, await openApp({ limit: '100kb' }))
    expect(verdict).toMatchObject({ verdict: 'pass', control: expect.stringContaining('the first MiB was answered at once (204)') })
  })

  it('finds one that reads 5 MiB to the end', async () => {
    const [verdict] = await runProbe(reportFlood, TARGET, await openApp({ limit: '100kb', reports: 'greedy' }))
    expect(verdict).toMatchObject({
      verdict: 'fail',
      locator: '/reports',
      says: expect.stringContaining('after the first MiB it still waited'),
    })
  })

  it('says so where an honest report is not taken', async () => {
    expect(brief(await runProbe(reportFlood, TARGET, await openApp({ limit: '100kb', reports: 'foreign' })))).toEqual([
      'inconclusive /reports',
    ])
  })

  const calm = {
    path: '/r',
    honest: seen(204),
    begun: seen(204),
    big: seen(204),
    many: seen(204),
    burst: { sent: 300, statuses: { '204': 300 }, slowestMs: 9 },
    after: seen(204),
  }
  it.each([
    ['a collector that answers early', calm, 'pass'],
    ['one that closes', { ...calm, begun: seen(0, '', { why: 'reset: x' }), big: seen(413) }, 'pass'],
    ['one that limits a burst', { ...calm, burst: { ...calm.burst, statuses: { '204': 60, '429': 240 } } }, 'pass'],
    ['one that waits for all and then refuses', { ...calm, begun: seen(0, '', { why: 'timeout: x' }), big: seen(413) }, 'pass'],
    ['one that waits for all and takes it', { ...calm, begun: seen(0, '', { why: 'timeout: x' }) }, 'fail'],
    ['one that breaks', { ...calm, burst: { ...calm.burst, statuses: { '204': 100, '500': 200 } } }, 'fail'],
    ['one that hangs afterwards', { ...calm, after: seen(0, '', { why: 'timeout: x' }) }, 'fail'],
    ['one that is gone', { ...calm, after: seen(0, '', { why: 'refused: x' }) }, 'error'],
    ['one that limits the first report', { ...calm, honest: seen(429) }, 'inconclusive'],
  ])('judges %s', (_, facts, verdict) => {
    expect(reportFlood.judge(facts).map((one) => one.verdict)).toEqual([verdict])
  })
})
