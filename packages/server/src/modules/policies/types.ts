import type { DecisionMode, PersonRef, PolicyPreview, PolicyView } from '@parapet/core'

/** Policies as operators see, try and set them. */
export type PolicyDesk = {
  /** All of them in the order in which they are asked, with what they did in the last seven days. */
  readonly views: () => Promise<readonly PolicyView[]>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly view: (id: string) => Promise<PolicyView>
  /** What it would have done with the alerts of the last days, at most seven; one at a time. Errors: `PPT_NOT_FOUND`, `PPT_INVALID` for a text that is no policy. */
  readonly preview: (
    id: string,
    wish: {
      readonly mode?: DecisionMode | undefined
      readonly days?: number | undefined
      readonly source?: string | undefined
      readonly ruleId?: string | undefined
    },
  ) => Promise<PolicyPreview>
  /** Sets how it answers, or how it answers one rule; in force here when it resolves and elsewhere at once. Errors: `PPT_NOT_FOUND`. */
  readonly setMode: (id: string, mode: DecisionMode, ruleId: string | undefined, by: PersonRef) => Promise<PolicyView>
  /** Back to the policy's own. Errors: `PPT_NOT_FOUND`. */
  readonly resetMode: (id: string, ruleId: string | undefined) => Promise<PolicyView>
}
