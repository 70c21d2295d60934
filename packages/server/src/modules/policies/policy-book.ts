import { loadPolicies, type Policy, type PolicyProblem, type PolicySource } from '@parapet/respond'

/** A policy with where it came from. */
export type BookPolicy = {
  readonly policy: Policy
  /** `builtin`, or the operator's file */
  readonly origin: string
  readonly source: string
  /** what comes with Parapet under the same id, where an own file has taken its place */
  readonly builtinSource: string | null
}

/** All policies of one moment. */
export type PolicyBook = {
  /** in the order in which they are asked */
  readonly policies: readonly Policy[]
  readonly entries: readonly BookPolicy[]
  /** why some cannot run; the others do, and a builtin one stays where its substitute is broken */
  readonly problems: readonly PolicyProblem[]
  readonly get: (id: string) => BookPolicy | undefined
}

/** Builds the book: an operator's own policy takes the place of the one that comes with Parapet under the same id. Never throws. */
export const createPolicyBook = (
  builtin: readonly PolicySource[],
  own: readonly PolicySource[] = [],
  more: readonly PolicyProblem[] = [],
): PolicyBook => {
  const theirs = loadPolicies(own)
  const ours = loadPolicies(builtin)
  const textOf = (sources: readonly PolicySource[], file: string): string => sources.find((source) => source.file === file)?.text ?? ''
  const byId = new Map<string, BookPolicy>()
  for (const policy of ours.policies)
    byId.set(policy.id, { policy, origin: 'builtin', source: textOf(builtin, policy.file), builtinSource: null })
  for (const policy of theirs.policies)
    byId.set(policy.id, {
      policy,
      origin: policy.file,
      source: textOf(own, policy.file),
      builtinSource: byId.get(policy.id)?.source ?? null,
    })
  const entries = [...byId.values()].toSorted((a, b) => a.policy.order - b.policy.order || (a.policy.id < b.policy.id ? -1 : 1))
  return {
    policies: entries.map(({ policy }) => policy),
    entries,
    problems: [...more, ...ours.problems, ...theirs.problems],
    get: (id) => byId.get(id),
  }
}
