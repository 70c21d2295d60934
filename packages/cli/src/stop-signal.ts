import process from 'node:process'

/** A second signal within this time is the first one's echo: a terminal tells the whole group, and npm passes it on once more. ms */
const ECHO_MS = 1_000

/** Resolves with the first signal that asks to stop. One that comes a second or more after it ends the process at once. */
export const stopSignal = (
  of: Pick<NodeJS.Process, 'on' | 'exit'> = process,
  now: () => number = () => performance.now(),
): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    let askedAt: number | undefined
    const onSignal = (signal: NodeJS.Signals): void => {
      if (askedAt === undefined) {
        askedAt = now()
        resolve(signal)
      } else if (now() - askedAt >= ECHO_MS) of.exit(signal === 'SIGINT' ? 130 : 143)
    }
    of.on('SIGINT', onSignal)
    of.on('SIGTERM', onSignal)
  })
