import type { AccessAuditStats, AccessEntry, AccessSink } from './types.js'

/** What a queue is told to tell. */
type Trouble = { readonly kind: 'dropped' | 'failed'; readonly count: number; readonly reason: string }

/** Records on their way to a sink. Nothing here throws or rejects. */
export type Queue = {
  readonly put: (entry: AccessEntry) => void
  /** writes past the queue; false when the sink did not take it */
  readonly write: (entries: readonly AccessEntry[]) => Promise<boolean>
  readonly stats: () => AccessAuditStats
  readonly close: () => Promise<void>
}

/** Tries of one batch before it is given up, and the wait between them, ms; doubled each time. */
const [MOST_TRIES, FIRST_WAIT] = [5, 200] as const

/** Builds the queue: one batch at a time, oldest first, tried again when the sink fails, bounded in what it holds. */
export const createQueue = (options: {
  readonly sink: AccessSink
  readonly room: number
  readonly batch: number
  readonly flushMs: number
  readonly timeoutMs: number
  readonly report: (trouble: Trouble) => void
}): Queue => {
  const { sink, report } = options
  let waiting: AccessEntry[] = []
  let underWay = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let closing = false
  let [recorded, dropped, failed] = [0, 0, 0]

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, ms).unref()
    })

  const write = async (entries: readonly AccessEntry[]): Promise<boolean> => {
    let late: NodeJS.Timeout | undefined
    try {
      await Promise.race([
        sink.record(entries),
        new Promise((_, reject) => {
          late = setTimeout(() => reject(new Error('the sink took too long')), options.timeoutMs)
        }),
      ])
      recorded += entries.length
      return true
    } catch (error) {
      failed++
      report({ kind: 'failed', count: entries.length, reason: error instanceof Error ? error.message.slice(0, 200) : 'unknown' })
      return false
    } finally {
      clearTimeout(late)
    }
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, options.batch)
      waiting = waiting.slice(options.batch)
      underWay = batch.length
      let taken = false
      for (let tried = 0; tried < MOST_TRIES && !taken; tried++) {
        if (tried > 0) {
          if (closing) break
          await sleep(FIRST_WAIT * 2 ** (tried - 1))
        }
        taken = await write(batch)
      }
      underWay = 0
      if (!taken) {
        dropped += batch.length
        report({ kind: 'dropped', count: batch.length, reason: 'the sink did not take them' })
      }
    }
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    running ??= drain().finally(() => {
      running = undefined
      if (waiting.length > 0) schedule()
    })
    return running
  }

  const schedule = (): void => {
    if (waiting.length >= options.batch) void flush()
    else timer ??= setTimeout(() => void flush(), options.flushMs).unref()
  }

  return {
    put: (entry) => {
      if (waiting.length + underWay >= options.room) {
        dropped++
        report({ kind: 'dropped', count: 1, reason: 'the queue is full' })
        return
      }
      waiting.push(entry)
      if (running === undefined) schedule()
    },
    write,
    stats: () => ({ recorded, waiting: waiting.length + underWay, dropped, failed }),
    close: async () => {
      closing = true
      await running
      if (waiting.length > 0) await flush()
    },
  }
}
