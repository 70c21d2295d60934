import { timingSafeEqual } from 'node:crypto'
import type { Keyring, RandomSource } from '@parapet/core'
import { type CookieShape, cookieName, readCookie, writeCookie } from '../request/cookies.js'
import type { GuardRequest } from '../request/guard-request.js'

/** A token for the forms and scripts of one answer. */
export type CsrfToken = {
  /** 43 characters, others in every answer; goes into the field or into `X-CSRF-Token` */
  readonly token: string
  /** a Set-Cookie value, when the browser has no cookie that fits its session yet */
  readonly setCookie: string | undefined
}

/** Makes and checks tokens. */
export type CsrfTokens = {
  readonly issue: (request: GuardRequest) => CsrfToken
  readonly verify: (request: GuardRequest, token: string) => boolean
}

const PURPOSE = 'guard.csrf'
const SECRET = 16
const COOKIE = /^([\w-]{22})\.([\w.-]{20,200})$/
const TOKEN = /^[\w-]{43}$/

/** One-time pad and the secret under it: two answers hold nothing in common that compression could show. Source: BREACH, 2013. */
const mask = (secret: Uint8Array, random: RandomSource): string => {
  const masked = Buffer.alloc(2 * SECRET)
  masked.set(random(SECRET))
  for (let i = 0; i < SECRET; i++) masked[SECRET + i] = (masked[i] ?? 0) ^ (secret[i] ?? 0)
  return masked.toString('base64url')
}

const unmask = (token: string): Buffer | undefined => {
  const masked = TOKEN.test(token) ? Buffer.from(token, 'base64url') : undefined
  if (masked === undefined || masked.length !== 2 * SECRET) return undefined
  const secret = Buffer.alloc(SECRET)
  for (let i = 0; i < SECRET; i++) secret[i] = (masked[i] ?? 0) ^ (masked[SECRET + i] ?? 0)
  return secret
}

/**
 * Double-submit tokens, signed and bound to the session: the cookie holds a secret and a signature over it and over the session cookies
 * that the request carries, none of them before sign-in. What was made before a sign-in, or for another session, is worth nothing
 * afterwards. Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, signed double-submit cookie.
 */
export const createCsrfTokens = (options: {
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  readonly sessionCookies: readonly string[]
  readonly secure: boolean
  readonly random: RandomSource
}): CsrfTokens => {
  const { keyring, sessionCookies, secure, random } = options
  const shape: CookieShape = { name: 'csrf', secure, sameSite: 'strict' }
  const name = cookieName(shape)

  /** Cookies hold no line break, so that no two lists of them read alike. */
  const signed = (secret: string, header: string | undefined): string =>
    [secret, ...sessionCookies.map((cookie) => readCookie(header, cookie) ?? '')].join('\n')

  const read = (request: GuardRequest): Buffer | undefined => {
    const header = request.header('cookie')
    const parts = COOKIE.exec(readCookie(header, name) ?? '')
    if (parts === null) return undefined
    const [, secret = '', signature = ''] = parts
    return keyring.verify(PURPOSE, signed(secret, header), signature) ? Buffer.from(secret, 'base64url') : undefined
  }
  return {
    issue: (request) => {
      const kept = read(request)
      if (kept !== undefined) return { token: mask(kept, random), setCookie: undefined }
      const secret = Buffer.from(random(SECRET))
      const text = secret.toString('base64url')
      return {
        token: mask(secret, random),
        setCookie: writeCookie(shape, `${text}.${keyring.sign(PURPOSE, signed(text, request.header('cookie')))}`),
      }
    },
    verify: (request, token) => {
      const [kept, given] = [read(request), unmask(token)]
      return kept !== undefined && given !== undefined && timingSafeEqual(kept, given)
    },
  }
}
