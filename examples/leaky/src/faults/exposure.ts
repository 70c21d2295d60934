import express, { type ErrorRequestHandler } from 'express'
import type { Fault } from '../fault.js'
import { ahead, later } from '../mount.js'
import { fieldOf } from '../naive.js'
import { beforeBody, beforeHeaders } from '../tamper.js'

/** What a framework shows its developer, and here everybody. */
const debugPage = (version: string): string => `<!doctype html>
<html><head><title>Error: boom</title></head>
<body id="debug"><h1>Error</h1><h2>boom</h2>
<pre>Error: boom
    at handler (/srv/studio/src/app.ts:41:9)
    at Layer.handleRequest (/srv/studio/node_modules/router/lib/layer.js:152:17)</pre>
<h2>Environment</h2><pre>NODE_ENV=development
NODE_VERSION=${version}
PATH=/usr/local/bin:/usr/bin
HOME=/home/studio
DATABASE_URL=postgres://studio:studio@db.internal:5432/studio</pre></body></html>`

const METRICS = `# HELP process_cpu_user_seconds_total Total user CPU time spent in seconds.
# TYPE process_cpu_user_seconds_total counter
process_cpu_user_seconds_total 12.41
# HELP http_requests_total Requests by route.
# TYPE http_requests_total counter
http_requests_total{route="/admin/people",code="200"} 17
`

const SOURCE_MAP = JSON.stringify({
  version: 3,
  file: 'passkey.js',
  sources: ['../src/browser/passkey.ts'],
  sourcesContent: ['// the test account is admin / hunter2\nexport const enrol = async (): Promise<void> => {}\n'],
  names: [],
  mappings: 'AAAA',
})

/** Copies what came in over what is there, as deep as it goes. */
const merge = (target: Record<string, unknown>, source: Record<string, unknown>): void => {
  for (const [key, value] of Object.entries(source)) {
    const held = target[key]
    if (typeof value === 'object' && value !== null && typeof held === 'object' && held !== null)
      merge(held as Record<string, unknown>, value as Record<string, unknown>)
    else target[key] = value
  }
}

/** What the application tells anybody who asks, and what it lets anybody send. */
export const exposureFaults: readonly Fault[] = [
  {
    name: 'huge-body',
    probe: 'huge-body',
    says: 'the API reads bodies of up to a gigabyte before it looks who sent them',
    at: ['/api/documents/:doc/comments'],
    before: (app) => {
      // the body is gone when the studio looks for it: it takes what was read
      app.use('/api', express.json({ limit: '1gb' }))
    },
  },
  {
    name: 'traceback',
    probe: 'traceback',
    says: 'an error handler of its own answers the API with the stack',
    at: ['/api/documents/:doc/comments'],
    before: (app) => {
      app.use('/api', express.json())
      const showAll: ErrorRequestHandler = (error: Error, _request, response, _next) => {
        response.status(500).json({ error: error.message, stack: error.stack })
      }
      app.use('/api', showAll)
    },
  },
  {
    name: 'debug-page',
    probe: 'debug-page',
    says: 'a page for developers with the environment stands at /debug',
    at: ['/debug', '/debug/'],
    before: (app) => void app.get('/debug', (_request, response) => void response.type('html').send(debugPage('20.20.0'))),
  },
  {
    name: 'public-internals',
    probe: 'public-internals',
    says: '/metrics tells everybody what the process counts',
    at: ['/metrics'],
    before: (app) => void app.get('/metrics', (_request, response) => void response.type('text/plain; version=0.0.4').send(METRICS)),
  },
  {
    name: 'source-map',
    probe: 'source-map',
    says: 'the source map of /assets/passkey.js is deployed with it',
    at: ['/assets/passkey.js'],
    before: (app) => {
      app.get('/assets/passkey.js.map', (_request, response) => void response.type('json').send(SOURCE_MAP))
      ahead(app, ['/assets/passkey.js'], (_request, response) =>
        beforeHeaders(response, () => response.setHeader('SourceMap', '/assets/passkey.js.map')),
      )
    },
  },
  {
    name: 'banner',
    probe: 'banner',
    says: 'every answer names the framework and its version',
    at: ['server', 'x-powered-by'],
    before: (app) =>
      ahead(app, 'all', (_request, response) =>
        beforeHeaders(response, () => {
          response.setHeader('X-Powered-By', 'Express 5.3.0')
          response.setHeader('Server', 'nginx/1.22.1')
        }),
      ),
  },
  {
    name: 'methods',
    probe: 'methods',
    says: 'TRACE / sends back what came in, cookies and all',
    at: ['/ (TRACE)'],
    before: (app) => {
      app.use((request, response, next) => {
        if (request.method !== 'TRACE' || request.path !== '/') return next()
        const head = request.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
        response.type('message/http').send(`TRACE ${request.url} HTTP/1.1\r\n${head}`)
      })
    },
  },
  {
    name: 'huge-head',
    probe: 'huge-body',
    says: 'a head of a megabyte is read',
    at: ['/ (a long address)', '/ (a long header)'],
    server: { maxHeaderSize: 1_000_000 },
  },
  {
    name: 'slow-body',
    probe: 'slow-body',
    says: 'a connection may take for ever to say what it wants',
    at: ['/ (slow head)', '/sign-in (slow body)'],
    server: { headersTimeout: 0, requestTimeout: 0 },
  },
  {
    name: 'header-injection',
    probe: 'header-injection',
    says: '/sign-in writes the head of its redirect by hand, with next as it came',
    at: ['/sign-in?next'],
    before: (app) => {
      app.post('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }), (request, response, next) => {
        const target = fieldOf(request, 'next')
        if (!/[\r\n]/.test(target)) return next()
        response.socket?.end(`HTTP/1.1 303 See Other\r\nLocation: ${target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      })
    },
  },
  {
    name: 'prototype-keys',
    probe: 'prototype-keys',
    says: 'the JSON of a comment is merged key by key into an object, __proto__ as well',
    at: ['/api/documents/:doc/comments'],
    before: (app) => {
      // what is polluted is this object alone and not the whole process, which runs the tests too
      const shared = {}
      app.use('/api', express.json({ limit: '16kb' }), (request, response, next) => {
        const body: unknown = request.body
        if (typeof body === 'object' && body !== null)
          merge(Object.create(shared) as Record<string, unknown>, body as Record<string, unknown>)
        beforeBody(response, 'application/json', (text) => {
          const answer: unknown = JSON.parse(text)
          if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return text
          const copy = Object.assign(Object.create(shared) as Record<string, unknown>, answer)
          const whole: Record<string, unknown> = {}
          for (const key in copy) whole[key] = copy[key]
          return JSON.stringify(whole)
        })
        next()
      })
    },
  },
  {
    name: 'report-flood',
    probe: 'report-flood',
    says: 'reports of browsers are read to the end, ten megabytes each',
    at: ['/csp-reports'],
    before: (app) =>
      void app.post(
        '/csp-reports',
        express.raw({ limit: '10mb', type: () => true }),
        (_request, response) => void response.status(204).end(),
      ),
  },
  {
    name: 'reflected-markup',
    probe: 'reflected-markup',
    says: '/documents writes what is searched for into the page as it comes',
    at: ['/documents?q'],
    before: (app) =>
      ahead(app, ['/documents'], (request, response) => {
        const { q } = request.query
        if (typeof q === 'string' && q !== '')
          beforeBody(response, 'html', (text) => text.replace('</main>', () => `<p>Found for ${q}</p></main>`))
      }),
  },
  {
    name: 'sql-error',
    probe: 'sql-error',
    says: '/documents puts what is searched for into the text of a statement, and shows what the database says of it',
    at: ['/documents?q'],
    before: (app, { pool }) =>
      void app.get(
        '/documents',
        later(async (request, response, next) => {
          const { q } = request.query
          if (typeof q !== 'string') return next()
          try {
            await pool.query(`select count(*) from documents where title ilike '%${q}%'`)
          } catch (error) {
            response
              .status(500)
              .type('text/plain')
              .send(error instanceof Error ? error.message : 'unknown')
            return
          }
          return next()
        }),
      ),
  },
]
