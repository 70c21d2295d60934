import type { Keyring } from '@parapet/core'

/**
 * What an application says of a user's browser, signed by us and carried in its cookie: who it is, and when he signed in, showed a factor
 * and set a new password. Times in ms UTC.
 */
export type Pass = {
  readonly source: string
  readonly user: string
  readonly signedInAt: number
  readonly factorAt?: number
  readonly passwordAt?: number
  readonly expiresAt: number
}

/** Writes and reads passes. */
export type Passes = {
  readonly issue: (pass: Pass) => string
  /** `undefined` for one that was made up, is of another source, or is over */
  readonly read: (text: string, source: string, now: number) => Pass | undefined
}

/** The cookie that the application sets with a pass; the proxy hands it on. */
export const PASS_COOKIE = 'parapet_pass'

const PURPOSE = 'parapet.pass'
const LONGEST = 2_048

/** Creates the passes of a keyring: no database, and the same on every server that shares the keys. */
export const createPasses = (keyring: Pick<Keyring, 'sign' | 'verify'>): Passes => ({
  issue: (pass) => {
    const body = Buffer.from(JSON.stringify(pass)).toString('base64url')
    return `${body}~${keyring.sign(PURPOSE, body)}`
  },
  read: (text, source, now) => {
    const at = text.indexOf('~')
    if (at < 1 || text.length > LONGEST) return undefined
    const body = text.slice(0, at)
    if (!keyring.verify(PURPOSE, body, text.slice(at + 1))) return undefined
    const pass = JSON.parse(Buffer.from(body, 'base64url').toString()) as Pass
    return pass.source === source && now < pass.expiresAt ? pass : undefined
  },
})
