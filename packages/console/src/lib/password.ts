/** Shortest password that the server takes, in code points. Source: NIST SP 800-63B-4, ASVS 6.2.1. */
export const PASSWORD_MIN = 8
const GOOD = 15

/** How good the length of a password is; only the length is judged, because composition rules make people predictable. */
export const judgeLength = (password: string): { readonly length: number; readonly step: 0 | 1 | 2 | 3; readonly words: string } => {
  const length = Array.from(password.normalize('NFKC')).length
  if (length === 0)
    return {
      length,
      step: 0,
      words: `At least ${PASSWORD_MIN} characters; ${GOOD} or more is better. A few words are easier to type than symbols.`,
    }
  if (length < PASSWORD_MIN) return { length, step: 1, words: `${PASSWORD_MIN - length} more to go.` }
  if (length < GOOD) return { length, step: 2, words: `Taken, but short: ${GOOD - length} more would be good.` }
  return { length, step: 3, words: 'Long. Good.' }
}
