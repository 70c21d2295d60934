/** Shortest password the console lets through, in code points; the server checks again. Source: NIST SP 800-63B-4, 3.1.1.2. */
export const PASSWORD_MIN = 15

/** How good the length of a password is; only the length is judged, because composition rules make people predictable. */
export const judgeLength = (password: string): { readonly length: number; readonly step: 0 | 1 | 2 | 3; readonly words: string } => {
  const length = [...password].length
  if (length === 0) return { length, step: 0, words: `At least ${PASSWORD_MIN} characters. A few words are easier to type than symbols.` }
  if (length < PASSWORD_MIN) return { length, step: 1, words: `${PASSWORD_MIN - length} more to go.` }
  if (length < 20) return { length, step: 2, words: 'Long enough.' }
  return { length, step: 3, words: 'Long. Good.' }
}
