import { ParapetError } from '@parapet/core'
import { type Login, type RequestLike, UNKNOWN_SUBJECT } from '@parapet/guard'
import type { Logger } from 'pino'
import type { Operator, Operators } from '../operators/index.js'

/** A right name and password. `cookies` make this browser a known one; they are for whoever gets in, and nobody before. */
export type FirstStep = { readonly operator: Operator; readonly newDevice: boolean; readonly cookies: readonly string[] }

/** Judges a name and a password; `undefined` for wrong ones and for a sign-in that pauses, which look alike. */
export type SignIn = (input: { name: string; password: string; request: RequestLike }) => Promise<FirstStep | undefined>

/**
 * Puts the login shield before the passwords of operators. Throws `PPT_DATABASE_UNAVAILABLE` when nobody can tell, and
 * `PPT_RATE_LIMITED` when too many sign in at once.
 */
export const createSignIn = (deps: {
  login: Login
  operators: Pick<Operators, 'verify' | 'byName'>
  log: Pick<Logger, 'warn'>
}): SignIn => {
  const { login, operators } = deps
  return async ({ name, password, request }) => {
    const verdict = await login.attempt({ subject: name, method: 'password', request, credential: password }, async () => {
      const operator = await operators.verify(name, password)
      if (operator !== undefined) return operator
      return (await operators.byName(name)) === undefined ? UNKNOWN_SUBJECT : undefined
    })
    if (verdict.kind === 'degraded') {
      if (verdict.cause instanceof ParapetError) throw verdict.cause
      throw new ParapetError('PPT_DATABASE_UNAVAILABLE', undefined, { cause: verdict.cause })
    }
    if (verdict.kind === 'limited') throw Object.assign(new ParapetError('PPT_RATE_LIMITED'), { retryAfterSeconds: verdict.retryAfter })
    if (verdict.kind === 'locked')
      deps.log.warn({ scope: verdict.scope, retryAfter: verdict.retryAfter }, 'a sign-in was refused while it pauses')
    if (verdict.kind !== 'ok') return undefined
    return { operator: verdict.value, newDevice: verdict.device === 'unknown', cookies: verdict.cookies }
  }
}
