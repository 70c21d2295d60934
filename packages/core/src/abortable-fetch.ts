type Fetch = typeof globalThis.fetch

/** The same body, which ends with the reason of `signal` as soon as it is aborted, and lets go of the connection then. */
const endWith = (body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  let end = (): void => undefined
  const release = (): void => signal.removeEventListener('abort', end)
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        end = () => {
          controller.error(signal.reason)
          void reader.cancel(signal.reason).catch(() => undefined)
        }
        signal.addEventListener('abort', end, { once: true })
        if (signal.aborted) end()
      },
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          release()
          controller.close()
        } catch (error) {
          release()
          controller.error(error)
        }
      },
      cancel: async (reason) => {
        release()
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * A `fetch` that ends when its `signal` is aborted, whatever came before. Node 20 follows a signal by a weak reference, which is gone with the next
 * garbage collection: neither the wait for an answer nor the reading of its body ends then, but after the five minutes of its own timeouts. Whoever
 * notices a dead connection by silence would not notice it. Rejects as `fetch` does.
 */
export const abortableFetch =
  (fetch: Fetch): Fetch =>
  async (input, init) => {
    const signal = init?.signal ?? undefined
    if (signal === undefined) return fetch(input, init)
    let end = (): void => undefined
    const aborted = new Promise<never>((_resolve, reject) => {
      end = () => reject(signal.reason as Error)
      signal.addEventListener('abort', end, { once: true })
    })
    try {
      const { body, status, statusText, headers } = await Promise.race([fetch(input, init), aborted])
      return new Response(body === null ? null : endWith(body, signal), { status, statusText, headers })
    } finally {
      signal.removeEventListener('abort', end)
    }
  }
