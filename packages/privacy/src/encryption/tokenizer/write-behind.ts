import { ParapetError } from '@parapet/core'
import type { TokenRow, TokenVault } from './token-vault.js'

/** Rows on their way into a vault. */
export type WriteBehind = {
  /** takes a row, or drops it and says so through `onError` when the vault is too far behind */
  readonly add: (row: TokenRow) => void
  readonly has: (token: string) => TokenRow | undefined
  /** waits until all that was added before is kept; rejects with what the vault said */
  readonly flush: () => Promise<void>
  /** stops the timer */
  readonly stop: () => void
}

/** Collects rows and writes them in batches, in order, with one write under way. What could not be written stays and is tried again. */
export const createWriteBehind = (
  vault: Pick<TokenVault, 'put'>,
  options: {
    readonly maxPending: number
    readonly batch: number
    readonly everyMs: number
    readonly onError: (error: unknown) => void
  },
): WriteBehind => {
  const { maxPending, batch, everyMs, onError } = options
  const pending = new Map<string, TokenRow>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let [dropped, stopped] = [0, false]

  const writeAll = async (): Promise<void> => {
    while (pending.size > 0) {
      const rows = [...pending.values()].slice(0, batch)
      await vault.put(rows)
      for (const { token } of rows) pending.delete(token)
    }
  }
  const flush = async (): Promise<void> => {
    // a write under way may have begun before the last row came: look again when it ends
    while (running !== undefined || pending.size > 0) {
      running ??= writeAll().finally(() => {
        running = undefined
      })
      await running
    }
  }
  const report = (): void => {
    if (dropped === 0) return
    const count = dropped
    dropped = 0
    onError(new ParapetError('PPT_BACKPRESSURE', `the vault is behind: ${count} tokens will not lead back to their values`))
  }
  const schedule = (): void => {
    if (timer !== undefined || stopped) return
    timer = setTimeout(() => {
      timer = undefined
      report()
      flush().catch((error: unknown) => {
        onError(error)
        schedule()
      })
    }, everyMs)
    timer.unref()
  }
  return {
    add: (row) => {
      if (pending.size >= maxPending) dropped++
      else pending.set(row.token, row)
      schedule()
    },
    has: (token) => pending.get(token),
    flush: async () => {
      report()
      await flush()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}
