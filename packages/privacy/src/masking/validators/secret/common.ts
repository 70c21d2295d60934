import type { Validator } from '../validator.js'

const counts = new Uint16Array(256)

/** Shannon entropy of the characters, in bits a character. Source: Shannon, "A mathematical theory of communication", 1948. */
export const entropyOf = (text: string): number => {
  const size = Math.min(text.length, 65_535)
  for (let i = 0; i < size; i++) counts[text.charCodeAt(i) & 255] = (counts[text.charCodeAt(i) & 255] as number) + 1
  let entropy = 0
  // each character is taken out of the counts where it is met first, which empties them for the next text
  for (let i = 0; i < size; i++) {
    const code = text.charCodeAt(i) & 255
    const count = counts[code] as number
    if (count === 0) continue
    entropy -= (count / size) * Math.log2(count / size)
    counts[code] = 0
  }
  return entropy
}

/** Keeps what has at least `least` bits of entropy a character: no words, no runs of one letter. */
export const entropyAtLeast =
  (least: number): Validator =>
  (value) =>
    entropyOf(value) >= least

/** Reads a part of a JWT: base64url of a JSON object, or `undefined`. */
const readJsonPart = (part: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Keeps a JSON Web Token: its first part is base64url of a JSON object with `alg` (or `enc`). Source: RFC 7519, RFC 7516. */
export const jsonWebToken: Validator = (value) => {
  const header = readJsonPart(value.slice(0, value.indexOf('.')))
  return header !== undefined && (typeof header['alg'] === 'string' || typeof header['enc'] === 'string')
}

/** Keeps the userinfo of basic authentication: base64 of text with a colon. Source: RFC 7617. */
export const basicCredentials: Validator = (value) => {
  const text = Buffer.from(value, 'base64').toString('latin1')
  return text.indexOf(':') >= 0 && !Array.from(text).some((letter) => letter < ' ')
}
