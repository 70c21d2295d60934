import type { FastifyReply } from 'fastify'

/** Bytes that may wait for one slow client before it is disconnected; it resumes by Last-Event-ID. */
export const STREAM_BUFFER = 1_048_576

/** One client of a live stream. Source: WHATWG HTML, server-sent events. */
export type EventStream = {
  /** false: the stream is closed, or was closed now because the client does not keep up */
  send: (message: { event: string; id?: string | number; data: unknown }) => boolean
  /** a comment that keeps proxies and the client's own timeout quiet */
  heartbeat: () => void
  close: () => void
  readonly closed: boolean
  onClose: (listener: () => void) => void
}

/** Takes over the reply as a stream. Headers set so far (security, correlation) are sent. */
export const openEventStream = (reply: FastifyReply, options: { buffer?: number } = {}): EventStream => {
  const limit = options.buffer ?? STREAM_BUFFER
  reply.hijack()
  const { raw } = reply
  let closed = false
  const listeners = new Set<() => void>()
  const finish = (): void => {
    if (closed) return
    closed = true
    for (const listener of listeners) listener()
    listeners.clear()
  }
  raw.on('close', finish)
  raw.on('error', finish)
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  })
  raw.socket?.setNoDelay(true)
  const write = (text: string): boolean => {
    if (closed || raw.destroyed) return false
    raw.write(text)
    if (raw.writableLength <= limit) return true
    raw.destroy()
    finish()
    return false
  }
  write('retry: 2000\n\n')
  return {
    send: ({ event, id, data }) => write(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`),
    heartbeat: () => {
      write(': heartbeat\n\n')
    },
    close: () => {
      if (closed) return
      raw.end()
      finish()
    },
    get closed() {
      return closed
    },
    onClose: (listener) => {
      if (closed) listener()
      else listeners.add(listener)
    },
  }
}
