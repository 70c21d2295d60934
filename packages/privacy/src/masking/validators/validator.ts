/**
 * Judges what a pattern matched: `true` keeps it, `false` drops it, a number keeps that many characters from its start.
 * `value` is what would be hidden (the group `secret`, or all of it), `whole` the whole match. Pure, and linear in its length.
 */
export type Validator = (value: string, whole: string) => boolean | number
