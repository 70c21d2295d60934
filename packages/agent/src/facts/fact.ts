import type { SecurityEvent } from '@parapet/core'

/** What is known of one thing, as fields of the events that tell of it. Small: it is kept. */
export type FactFields = Readonly<Record<string, string | number>>

/** Things by a name that stays theirs. */
export type Facts = ReadonlyMap<string, FactFields>

/** One way of looking at a host. Never throws: what cannot be read is left out, and said by `error`. */
export type Collector = {
  /** `facts:` and this is the name of the input */
  readonly name: string
  readonly dataset: string
  readonly category: NonNullable<SecurityEvent['event.category']>
  /** what a new, a different and a missing thing are called; null for those that nobody is told of */
  readonly actions: { readonly added: string | null; readonly changed: string | null; readonly removed: string | null }
  readonly everyMs: number
  /** things that are gone are remembered, so that coming back is no news; at most this many */
  readonly remembers?: number
  /** what takes long ends soon when `stopping` is aborted; what it gives then is not whole, and nobody's */
  readonly collect: (stopping?: AbortSignal) => Facts | Promise<Facts>
}

/** The text by which a fact is kept and compared. */
export const factText = (fields: FactFields): string => JSON.stringify(fields)

/** One change of a host. */
export type FactChange = { readonly action: string; readonly key: string; readonly fields: FactFields }

/** Most things of one kind that are kept. */
export const MOST_FACTS = 20_000

/**
 * Compares what is with what was: the changes to tell, and what to keep. `before` is undefined at the first look, which learns silently. Order:
 * as collected, then what is gone.
 */
export const compareFacts = (
  { actions, remembers }: Pick<Collector, 'actions' | 'remembers'>,
  before: Readonly<Record<string, string>> | undefined,
  facts: Facts,
): { readonly changes: readonly FactChange[]; readonly after: Readonly<Record<string, string>> } => {
  const changes: FactChange[] = []
  const after = new Map<string, string>()
  const was = new Map(Object.entries(before ?? {}))
  if (remembers !== undefined) for (const [key, text] of was) after.set(key, text)
  for (const [key, fields] of facts) {
    const text = factText(fields)
    const old = was.get(key)
    if (before !== undefined && old === undefined && actions.added !== null) changes.push({ action: actions.added, key, fields })
    else if (old !== undefined && old !== text && actions.changed !== null) changes.push({ action: actions.changed, key, fields })
    // what is seen again is the newest that is remembered
    after.delete(key)
    after.set(key, text)
  }
  if (remembers === undefined && actions.removed !== null)
    for (const [key, text] of was)
      if (!facts.has(key)) changes.push({ action: actions.removed, key, fields: JSON.parse(text) as FactFields })
  const most = remembers ?? MOST_FACTS
  return { changes, after: Object.fromEntries([...after].slice(-most)) }
}
