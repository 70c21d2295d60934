import type { FastifyReply } from 'fastify'

/** Bytes that may wait for one slow client before it is disconnected; it resumes by Last-Event-ID. */
export const STREAM_BUFFER = 1_048_576
/** Time that a client which takes nothing is waited for, ms. */
export const STALL_MS = 60_000

/** One client of a live stream. Source: WHATWG HTML, server-sent events. */
export type EventStream = {
  /** false: the stream is closed, or was closed now because the client does not keep up */
  send: (message: { event: string; id?: string | number; data: unknown }) => boolean
  /**
   * Resolves when the client has taken what was sent, or the stream is closed: what is longer than the buffer is sent in pieces with
   * this between them, however slow the client is. One that takes nothing for long is disconnected.
   */
  drained: () => Promise<void>
  /** a comment that keeps proxies and the client's own timeout quiet */
  heartbeat: () => void
  close: () => void
  readonly closed: boolean
  onClose: (listener: () => void) => void
}

/** Takes over the reply as a stream. Headers set so far (security, correlation) are sent. */
export const openEventStream = (reply: FastifyReply, options: { buffer?: number; stallMs?: number } = {}): EventStream => {
  const { buffer: limit = STREAM_BUFFER, stallMs = STALL_MS } = options
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
  const isGone = (): boolean => {
    // a client that left before its stream began has had its close event: nothing else would ever tell
    if (raw.destroyed || raw.socket?.destroyed === true) finish()
    return closed
  }
  if (!isGone()) {
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    })
    raw.socket?.setNoDelay(true)
  }
  const write = (text: string): boolean => {
    if (isGone()) return false
    raw.write(text)
    if (raw.writableLength <= limit) return true
    raw.destroy()
    finish()
    return false
  }
  write('retry: 2000\n\n')
  return {
    send: ({ event, id, data }) => write(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`),
    drained: () =>
      new Promise((resolve) => {
        if (isGone() || !raw.writableNeedDrain) {
          resolve()
          return
        }
        const done = (): void => {
          clearTimeout(timer)
          raw.off('drain', done)
          listeners.delete(done)
          resolve()
        }
        const timer = setTimeout(() => {
          raw.destroy()
          finish()
        }, stallMs)
        timer.unref()
        raw.on('drain', done)
        listeners.add(done)
      }),
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
