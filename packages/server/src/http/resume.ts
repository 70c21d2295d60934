import type { FastifyRequest } from 'fastify'
import type { EventStream } from './event-stream.js'

/** The cursor that a client comes back with; `undefined` for none, and for one that is not ours. */
export const lastEventId = (request: FastifyRequest): number | undefined => {
  const header = request.headers['last-event-id']
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** A message before the changes; one without id is a part of something, from which nobody can resume. */
type Message = { readonly event: string; readonly id?: number; readonly data: unknown }

/** Changes that may come in while the past is still being sent; with one more, all of them are read again afterwards. */
const MAX_WAITING = 10_000

/**
 * Runs a live stream without gap and without doubles: subscribes first, then reads the past, then lets the present through. Errors
 * before the stream is open are thrown, so that the client gets a problem; later ones end the stream, and the client resumes.
 */
export const resumable = async <T>(options: {
  subscribe: (fn: (item: T) => void) => () => void
  sequenceOf: (item: T) => number
  /** where to begin, and what to send first, read as fast as the client takes it */
  begin: () => Promise<{ after: number; first?: AsyncIterable<Message> | undefined }>
  since: (sequence: number) => Promise<readonly T[]>
  open: () => EventStream
  message: (item: T) => Message
}): Promise<void> => {
  const { sequenceOf, message } = options
  let waiting: T[] | undefined = []
  let overflowed = false
  let stream: EventStream | undefined
  let sent = 0
  const deliver = (item: T): void => {
    if (sequenceOf(item) <= sent) return
    sent = sequenceOf(item)
    stream?.send(message(item))
  }
  const stop = options.subscribe((item) => {
    if (waiting === undefined) deliver(item)
    else if (waiting.length < MAX_WAITING) waiting.push(item)
    else overflowed = true
  })
  try {
    const { after, first } = await options.begin()
    sent = after
    stream = options.open()
    stream.onClose(stop)
    for await (const part of first ?? []) {
      if (!stream.send(part)) return
      await stream.drained()
    }
    do {
      if (overflowed) waiting = []
      overflowed = false
      for (;;) {
        const items = stream.closed ? [] : await options.since(sent)
        if (items.length === 0) break
        for (const item of items) {
          deliver(item)
          // the past may be longer than what may wait for a slow client
          await stream.drained()
        }
      }
    } while (overflowed)
    for (const item of waiting) deliver(item)
    waiting = undefined
  } catch (error) {
    stop()
    if (stream === undefined) throw error
    stream.close()
  }
}
