import type { ServerResponse } from 'node:http'
import type { Passage } from '../app/types.js'
import type { Refusal } from '../app/refusal.js'

type Hold = NonNullable<Passage['hold']>
type Call = () => unknown
type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'setHeader' | 'appendHeader' | 'removeHeader'

/** What Node says to who changes headers that are out; here they are as good as out. */
const tooLate = (): Error =>
  Object.assign(new Error('Cannot set headers after they are sent to the client'), { code: 'ERR_HTTP_HEADERS_SENT' })

/**
 * Keeps an answer back until its access record is written. What the application writes meanwhile waits in its order, and to the application
 * the answer has begun: `headersSent` is true, headers are fixed, what comes after the end is dropped. `refuse` answers instead when the
 * record could not be written.
 */
export const holdBack = (
  response: ServerResponse,
  hold: Hold,
  route: () => string | undefined,
  refuse: (refusal: Refusal) => void,
): void => {
  const waiting: Call[] = []
  let state: 'open' | 'waiting' | 'free' = 'open'
  let ended = false
  const uncover: Call[] = []

  /** Puts a method over one of the response. Middleware that came later may keep it, and call it when the answer is free: then it is the old one. */
  const cover = <Name extends Method>(name: Name, make: (old: ServerResponse[Name]) => ServerResponse[Name]): void => {
    const old = response[name]
    const held = make(old)
    const ours = function (this: ServerResponse, ...parts: never[]): unknown {
      return Reflect.apply(state === 'free' ? old : held, this, parts)
    } as unknown as ServerResponse[Name]
    response[name] = ours
    uncover.push(() => {
      // what another middleware has put over it since stays where it is
      if (response[name] === ours) response[name] = old
    })
  }
  const free = (): void => {
    if (state === 'free') return
    state = 'free'
    Reflect.deleteProperty(response, 'headersSent')
    Reflect.deleteProperty(response, 'writableEnded')
    for (const take of uncover) take()
  }
  const settle = (refusal: Refusal | undefined): void => {
    free()
    if (refusal !== undefined) {
      refuse(refusal)
      return
    }
    try {
      for (const call of waiting) call()
      response.emit('drain')
    } catch {
      response.destroy()
    }
  }
  const later = (call: Call, status: number): void => {
    if (ended) return
    waiting.push(call)
    if (state !== 'open') return
    state = 'waiting'
    Object.defineProperties(response, {
      headersSent: { configurable: true, get: () => true },
      writableEnded: { configurable: true, get: () => ended },
    })
    hold({ status, route: route() }).then(settle, () => {
      free()
      response.destroy()
    })
  }
  // before anybody else hears of it: who went away meanwhile was not answered
  response.prependOnceListener('close', free)
  cover(
    'writeHead',
    (old) =>
      ((...parts: Parameters<typeof old>) => {
        // middleware that looks for Node's own mark of headers that are out asks for them again and again
        if (state === 'open') later(() => old.apply(response, parts), parts[0])
        return response
      }) as typeof old,
  )
  // false: wait for 'drain', so that a long answer is not kept in memory
  cover(
    'write',
    (old) =>
      ((...parts: Parameters<typeof old>) => {
        later(() => old.apply(response, parts), response.statusCode)
        return false
      }) as typeof old,
  )
  cover(
    'end',
    (old) =>
      ((...parts: Parameters<typeof old>) => {
        later(() => old.apply(response, parts), response.statusCode)
        ended = true
        return response
      }) as typeof old,
  )
  cover('flushHeaders', (old) => () => {
    later(() => old.call(response), response.statusCode)
  })
  const fixed =
    (old: (...parts: never[]) => unknown) =>
    (...parts: never[]): never => {
      if (state === 'waiting') throw tooLate()
      return Reflect.apply(old, response, parts) as never
    }
  cover('setHeader', fixed)
  cover('appendHeader', fixed)
  cover('removeHeader', fixed)
}
