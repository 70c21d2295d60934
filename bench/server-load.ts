import type { ChildProcess } from 'node:child_process'
// @ts-expect-error -- it has no types
import autocannon from 'autocannon'

type Load = {
  readonly url: string
  readonly connections: number
  readonly amount: number
  readonly headers: Readonly<Record<string, string>>
}
const fire = autocannon as (load: Load) => Promise<{ readonly '2xx': number; readonly non2xx: number }>

const CONNECTIONS = 10

/**
 * Keeps this process from sleeping while `work` goes on. The kernel charges the wake-up of a reader to whoever writes: beside a client that sleeps, a
 * server pays the more for each answer the longer it takes, even if it only waited (8 us of spinning made its writes 4 us dearer).
 */
const awake = async <T>(work: Promise<T>): Promise<T> => {
  let done = false
  const spin = (): void => {
    if (!done) setImmediate(spin)
  }
  spin()
  try {
    return await work
  } finally {
    done = true
  }
}

/** The next message of a worker; rejects when the worker ends before. */
export const nextMessage = (child: ChildProcess): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the server ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as Record<string, unknown>)
    })
  })

const cpuOf = async (child: ChildProcess): Promise<number> => {
  const answer = nextMessage(child)
  child.send('cpu')
  return Number((await answer)['cpu'])
}

/** CPU time of a server for one request, microseconds. The worker answers `cpu` with what it has used; every request must be answered with 2xx. */
export const cpuOfRequests = async (child: ChildProcess, { url, amount, headers }: Omit<Load, 'connections'>): Promise<number> => {
  const before = await cpuOf(child)
  const { '2xx': good, non2xx } = await awake(fire({ url, connections: CONNECTIONS, amount, headers }))
  if (good !== amount || non2xx > 0) throw new Error(`${good} of ${amount} requests were answered`)
  return ((await cpuOf(child)) - before) / amount
}
