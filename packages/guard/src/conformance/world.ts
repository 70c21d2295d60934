import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { SecurityEvent } from '@parapet/core'
import { createGuard } from '../app/guard.js'
import type { GuardOptions } from '../app/options.js'
import type { Guard } from '../app/types.js'
import type { ErrorRecord } from '../errors/types.js'
import { sampleRoutes } from './routes.js'
import type { AdapterUnderTest, ConformanceRoute } from './types.js'

/** An answer as it came over the wire. */
export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

/** What a check sends. `client` is the address that the proxy before the adapter names. */
export type Asked = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly client?: string
}

/** A guard, an adapter and a client. */
export type World = {
  readonly guard: Guard
  readonly port: number
  readonly events: readonly SecurityEvent[]
  readonly log: readonly ErrorRecord[]
  /** how often the route that changes something has run */
  readonly changes: () => number
  readonly ask: (path: string, asked?: Asked) => Promise<Answer>
  readonly login: (name: string, password: string, asked?: Asked) => Promise<Answer>
  /** writes bytes, and gives back all that came until the connection ended */
  readonly raw: (bytes: string) => Promise<string>
  /** waits until so many requests have been told of */
  readonly told: (count: number) => Promise<readonly SecurityEvent[]>
}

/** How a check may change the guard, beside its options. */
export type Setting = Partial<GuardOptions> & {
  readonly around?: (guard: Guard) => Guard
  readonly routes?: readonly ConformanceRoute[]
}

/** A guard of which some things are otherwise. Its parts may be getters that throw, and are not read here. */
export const over = (guard: Guard, changed: Partial<Guard>): Guard => Object.assign(Object.create(guard) as Guard, changed)

/** The origin under which browsers reach the application of the suite. */
export const ORIGIN = 'https://shop.example'

/** The `name=value` of a cookie that an answer set. */
export const cookieOf = (answer: Answer, name: string): string => {
  const set = answer.headers['set-cookie'] ?? []
  return set.find((cookie) => cookie.startsWith(`${name}=`))?.split(';')[0] ?? ''
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Starts the adapter with a guard behind a proxy (the client of the suite plays it), lets `use` work, and stops it whatever happens. */
export const withWorld = async (subject: AdapterUnderTest, setting: Setting, use: (world: World) => Promise<void>): Promise<void> => {
  const { around, routes, ...options } = setting
  const events: SecurityEvent[] = []
  const log: ErrorRecord[] = []
  let changes = 0
  const made = createGuard({
    clientAddress: { trusted: ['127.0.0.1'] },
    publicOrigins: [ORIGIN],
    secret: 'k3y-for-tests-0123456789abcdefghij',
    onEvent: (event) => {
      events.push(event)
    },
    onDiagnostic: () => undefined,
    login: { delay: 'none' },
    errors: {
      log: (entry) => {
        log.push(entry)
      },
    },
    ...options,
  })
  const guard = around?.(made) ?? made
  const server = await subject.start(guard, routes ?? sampleRoutes(guard, () => ++changes))
  const { port } = server
  const ask: World['ask'] = (path, { method = 'GET', headers = {}, body, client = '192.0.2.1' } = {}) =>
    new Promise((resolve, reject) => {
      const sized = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const sent = { 'x-forwarded-for': client, ...sized, ...headers }
      const request = httpRequest({ host: '127.0.0.1', port, path, method, agent: false, headers: sent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
        )
        response.on('error', reject)
      })
      request.setTimeout(25_000, () => request.destroy(new Error(`no answer for ${method} ${path}`)))
      request.on('error', reject)
      request.end(body)
    })
  try {
    await use({
      guard,
      port,
      events,
      log,
      changes: () => changes,
      ask,
      login: (name, password, asked = {}) =>
        ask('/login', {
          ...asked,
          method: 'POST',
          body: new URLSearchParams({ name, password }).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN, ...asked.headers },
        }),
      raw: (bytes) =>
        new Promise((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
          let text = ''
          socket.setEncoding('latin1')
          socket.setTimeout(10_000, () =>
            socket.destroy(new Error(`the connection stays open after ${JSON.stringify(text.slice(0, 200))}`)),
          )
          socket.on('data', (chunk: string) => {
            text += chunk
          })
          socket.on('error', reject)
          socket.on('close', () => resolve(text))
        }),
      told: async (count) => {
        const seen = (): SecurityEvent[] => events.filter((event) => event['event.dataset'] === 'guard.request')
        for (let i = 0; i < 300 && seen().length < count; i++) await sleep(10)
        // one too many would come a moment later
        await sleep(20)
        return seen()
      },
    })
  } finally {
    await server.stop()
    await guard.close()
  }
}
