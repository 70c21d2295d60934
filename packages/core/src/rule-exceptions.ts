/**
 * What a rule leaves out of account until a day: events whose fields all match. Made from a false positive, with an author and a reason;
 * nothing is excepted for ever.
 */
export type RuleException = {
  readonly id: string
  readonly ruleId: string
  /**
   * field -> value; all must match. Text is compared without case, `*` stands for any text; an address field takes a prefix such as
   * `192.0.2.0/24` too.
   */
  readonly match: Readonly<Record<string, string | number | boolean>>
  /** ms UTC; at most 365 days from its making */
  readonly until: number
  readonly reason: string
  readonly by: { readonly id: string; readonly name: string }
  readonly createdAt: number
}

/** Bounds of one exception. */
export const EXCEPTION_LIMITS = { fields: 8, value: 512, days: 365, perRule: 100 } as const
