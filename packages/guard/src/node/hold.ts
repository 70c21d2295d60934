import type { ServerResponse } from 'node:http'
import type { Passage } from '../app/types.js'
import type { Refusal } from '../app/refusal.js'

type Hold = NonNullable<Passage['hold']>
type Call = () => unknown

/**
 * Keeps an answer back until its access record is written. What the application writes meanwhile waits in its order; `refuse` answers
 * instead when the record could not be written.
 */
export const holdBack = (
  response: ServerResponse,
  hold: Hold,
  route: () => string | undefined,
  refuse: (refusal: Refusal) => void,
): void => {
  // oxlint-disable-next-line typescript/unbound-method -- each is called with its response below, and may be another middleware's
  const { writeHead, write, end, flushHeaders } = response
  const waiting: Call[] = []
  let state: 'open' | 'waiting' | 'free' = 'open'

  const free = (): void => {
    state = 'free'
    response.writeHead = writeHead
    response.write = write
    response.end = end
    response.flushHeaders = flushHeaders
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
    waiting.push(call)
    if (state !== 'open') return
    state = 'waiting'
    hold({ status, route: route() }).then(settle, () => {
      free()
      response.destroy()
    })
  }
  response.writeHead = ((...parts: Parameters<typeof writeHead>) => {
    later(() => writeHead.apply(response, parts), parts[0])
    return response
  }) as typeof writeHead
  // false: wait for 'drain', so that a long answer is not kept in memory
  response.write = ((...parts: Parameters<typeof write>) => {
    later(() => write.apply(response, parts), response.statusCode)
    return false
  }) as typeof write
  response.end = ((...parts: Parameters<typeof end>) => {
    later(() => end.apply(response, parts), response.statusCode)
    return response
  }) as typeof end
  response.flushHeaders = () => later(() => flushHeaders.call(response), response.statusCode)
}
