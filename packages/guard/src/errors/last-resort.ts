import process from 'node:process'

/** How long a logger may take to write the last entry. */
const LAST_WORDS_MS = 1_000

const endAfter = async (written: Promise<unknown>): Promise<void> => {
  const patience = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))
  try {
    await Promise.race([written, patience])
  } finally {
    process.exit(1)
  }
}

/**
 * Listens to what nobody caught: `log` is told, then the process ends with code 1, as it would have. Where the application listens as
 * well, Node would have gone on, and so does this. Returns how to take it away. Source: ASVS 5.0 16.5.4.
 */
export const listenForUncaught = (log: (error: unknown, origin: 'uncaughtException' | 'unhandledRejection') => unknown): (() => void) => {
  let dying = false
  const end = (): void => process.exit(1)
  const onUncaught = (error: unknown, origin: 'uncaughtException' | 'unhandledRejection'): void => {
    let written: unknown
    try {
      written = log(error, origin)
    } finally {
      if (process.listenerCount('uncaughtException') === 1 && !dying) {
        dying = true
        if (written instanceof Promise) void endAfter(written)
        else end()
      }
    }
  }
  process.on('uncaughtException', onUncaught)
  return () => {
    process.off('uncaughtException', onUncaught)
  }
}
