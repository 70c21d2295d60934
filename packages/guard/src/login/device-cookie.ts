import { type Keyring, type RandomSource, randomToken } from '@parapet/core'
import { type CookieShape, cookieName, readCookie, writeCookie } from '../request/cookies.js'

/** A browser that has signed a subject in before. */
export type KnownDevice = { readonly id: string; readonly issuedAt: number }

/**
 * Device cookies: a browser that has signed a subject in before is known for that subject. Source: OWASP,
 * "Slow Down Online Guessing Attacks with Device Cookies".
 */
export type DeviceCookies = {
  /** the device when it is known for this subject, `undefined` for any other cookie or none; `issuedAt` in ms UTC */
  read: (cookieHeader: string | undefined, subject: string, now: number) => KnownDevice | undefined
  /** a Set-Cookie value that makes this browser known for the subject */
  issue: (subject: string, now: number) => string
}

const PURPOSE = 'guard.device'
const YEAR_SECONDS = 31_536_000
const SHAPE = /^([\w-]{22})\.([0-9a-z]{1,11})\.([\w.-]{20,200})$/

export const createDeviceCookies = (keyring: Keyring, shape: CookieShape, random: RandomSource): DeviceCookies => {
  // the subject stands last: whatever it holds, it cannot be read as another id or time
  const signed = (id: string, issued: string, subject: string): string => `${id}.${issued}.${subject}`
  return {
    read: (header, subject, now) => {
      const parts = SHAPE.exec(readCookie(header, cookieName(shape)) ?? '')
      if (parts === null) return undefined
      const [, id = '', issued = '', signature = ''] = parts
      const issuedAt = Number.parseInt(issued, 36)
      const age = now - issuedAt
      if (!(age >= 0 && age < YEAR_SECONDS * 1_000)) return undefined
      return keyring.verify(PURPOSE, signed(id, issued, subject), signature) ? { id, issuedAt } : undefined
    },
    issue: (subject, now) => {
      const id = randomToken(16, random)
      const issued = now.toString(36)
      return writeCookie(shape, `${id}.${issued}.${keyring.sign(PURPOSE, signed(id, issued, subject))}`, YEAR_SECONDS)
    },
  }
}
