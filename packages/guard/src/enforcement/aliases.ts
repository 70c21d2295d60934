import type { Decision } from '@parapet/core'

/** Names by which decisions call an account otherwise than the guard does: an event tells what was typed. */
export type Aliases = {
  readonly note: (decision: Decision) => void
  /** the subject, and every other spelling of it that a decision has used */
  readonly of: (subject: string) => readonly string[]
  /** false while no decision was about a user or a session: then nobody need be looked up by name */
  readonly named: () => boolean
  /** a snapshot came: what was noted before is not needed */
  readonly clear: () => void
}

/** Spellings that are kept; decisions beyond them hold for the name as it stands in them. */
const MOST = 10_000

/** Builds the memory over the folding of names that the login shield uses. */
export const createAliases = (canonical: (name: string) => string | Promise<string>): Aliases => {
  const spellings = new Map<string, Set<string>>()
  let size = 0
  let named = false
  const keep = (folded: string, value: string): void => {
    if (folded === value || size >= MOST) return
    const held = spellings.get(folded) ?? new Set()
    spellings.set(folded, held)
    if (held.has(value)) return
    held.add(value)
    size++
  }
  return {
    note: ({ target }) => {
      if (target.kind === 'user' || target.kind === 'session') named = true
      if (target.kind !== 'user') return
      try {
        const folded = canonical(target.value)
        if (typeof folded === 'string') keep(folded, target.value)
        else
          folded.then(
            (name) => keep(name, target.value),
            // the decision holds for the name as it stands in it
            () => undefined,
          )
      } catch {
        // as above
      }
    },
    of: (subject) => {
      const more = size === 0 ? undefined : spellings.get(subject)
      return more === undefined ? [subject] : [subject, ...more]
    },
    named: () => named,
    clear: () => {
      spellings.clear()
      named = false
      size = 0
    },
  }
}
