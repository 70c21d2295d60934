/** What a receiver is told. `digest` is SHA-256 in hex of all ranges it should hold then, one a line, in order: to check itself by. */
export type FeedMessage = {
  readonly type: 'feed.snapshot' | 'feed.changed'
  readonly feed: string
  /** rises by one with each message; a gap asks for a snapshot */
  readonly sequence: number
  readonly revision: number
  readonly generatedAt: string
  readonly entries: number
  readonly digest: string
  /** of a snapshot: everything */
  readonly ranges?: readonly string[]
  /** of a change */
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
}

/** What leads from one list to another; both in order. */
export const difference = (
  before: readonly string[],
  after: readonly string[],
): { readonly added: readonly string[]; readonly removed: readonly string[] } => {
  const [old, now] = [new Set(before), new Set(after)]
  return { added: after.filter((line) => !old.has(line)), removed: before.filter((line) => !now.has(line)) }
}

/**
 * The next message for a receiver that holds `delivered` (null: nobody knows what), `undefined` when it holds what it should. Pure;
 * `sha256` answers in hex.
 */
export const nextMessage = (
  receiver: { readonly feed: string; readonly delivered: readonly string[] | null; readonly sequence: number },
  current: { readonly ranges: readonly string[]; readonly revision: number; readonly generatedAt: number },
  sha256: (text: string) => string,
): FeedMessage | undefined => {
  const head = {
    feed: receiver.feed,
    sequence: receiver.sequence + 1,
    revision: current.revision,
    generatedAt: new Date(current.generatedAt).toISOString(),
    entries: current.ranges.length,
    digest: sha256(current.ranges.join('\n')),
  }
  if (receiver.delivered === null) return { type: 'feed.snapshot', ...head, ranges: current.ranges }
  const { added, removed } = difference(receiver.delivered, current.ranges)
  return added.length + removed.length === 0 ? undefined : { type: 'feed.changed', ...head, added, removed }
}

/** When to try again after so many failures, ms: doubled each time up to five minutes, spread so that not all come at once. `random` in 0..1. */
export const backOffMs = (attempts: number, random: number): number =>
  Math.round(Math.min(300_000, 1_000 * 2 ** Math.min(attempts, 20)) * (0.75 + random / 2))
