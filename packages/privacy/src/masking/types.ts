/** What is done to a value that a rule found. Source of the names: NIST SP 800-188 and the practice of data-loss prevention. */
export const MASK_ACTIONS = ['redact', 'mask', 'pseudonymize', 'tokenize', 'drop'] as const
/** One of {@link MASK_ACTIONS}. */
export type MaskAction = (typeof MASK_ACTIONS)[number]

/** `high` is on unless switched off; `medium` needs its context to be found at all; `low` is only on when a policy names it. */
export const CONFIDENCES = ['high', 'medium', 'low'] as const
/** One of {@link CONFIDENCES}. */
export type Confidence = (typeof CONFIDENCES)[number]

/** One rule as its YAML file states it, after the schema has been applied. */
export type MaskRule = {
  /** unique over all files, kebab-case: `github-personal-access-token`, `payment-card` */
  readonly id: string
  readonly title: string
  /** `personal` data of people, or a `secret` of a machine or account */
  readonly kind: 'personal' | 'secret'
  /** what starts the search: a literal (compared without case), an `@`, or a run of digits with separators */
  readonly trigger:
    | { readonly kind: 'literal'; readonly literals: readonly string[] }
    | { readonly kind: 'at' }
    | { readonly kind: 'digits'; readonly least: number; readonly most: number }
  /**
   * A regular expression in the checked subset (literals, classes, bounded repeats, groups of alternatives): tried once, at
   * the place where the match can begin. A group named `secret` narrows what is hidden to itself.
   */
  readonly pattern: string
  readonly caseInsensitive: boolean
  /** how many characters before a literal the match may begin; 0 when it begins with it */
  readonly lookback: number
  /** `word`: no letter, digit or underscore right before and after; `none`: anywhere */
  readonly boundary: 'word' | 'none'
  /** name of a function of `validators/`, such as `luhn` */
  readonly validator?: string
  /** for `mask`: how many trailing characters stay */
  readonly keepLast: number
  readonly action: MaskAction
  readonly confidence: Confidence
  /** `pem`: what is hidden goes on over the lines of base64 that follow, up to the END line */
  readonly tail?: 'pem'
  /** the file's vendor or country and where its format is documented */
  readonly provider?: string
  readonly reference?: string
  readonly match: readonly string[]
  readonly noMatch: readonly string[]
}

/** What was found and what was done, never the value. Offsets are UTF-16 code units of the input. */
export type MaskFinding = {
  readonly rule: string
  readonly kind: 'personal' | 'secret'
  readonly action: MaskAction
  readonly start: number
  readonly end: number
}

/** Who a masked view is for: actions by rule id, by kind (`personal`, `secret`) or for all (`*`); the most particular wins. `show` leaves a value as it is. */
export type RoleView = Readonly<Record<string, MaskAction | 'show' | { readonly action: 'mask'; readonly keepLast: number }>>
