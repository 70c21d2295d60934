import type { Request, Response, Router } from 'express'
import { stepUpPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { away, type Doors, field, refuseJson, secretField, send, sendJson, type SignedIn } from '../web.js'
import { proofOf } from './proof.js'

/** A proof anew, within a session, before an act of weight. Whoever has a second factor proves with it; the session gets a new id. */
export const stepUpRoutes = (router: Router, { guard, mfa, passkeys, passwords }: StudioParts, { signedIn }: Doors): void => {
  const ways = async ({ person }: SignedIn) => {
    const required = await mfa.required(person.id)
    if (required.kind === 'degraded') throw away()
    const kinds = required.kind === 'required' ? required.factors : []
    return {
      password: kinds.length === 0,
      code: kinds.includes('totp') || kinds.includes('recovery_code'),
      passkey: kinds.includes('passkey'),
    }
  }

  const byPassword = async (request: Request, response: Response, { person }: SignedIn): Promise<boolean> => {
    const password = secretField(request.body, 'password')
    const verdict = await guard.login.attempt({ subject: person.id, method: 'password', request, credential: password }, () =>
      passwords.verify(person.passwordHash, password),
    )
    if (verdict.kind === 'degraded' || verdict.kind === 'limited') throw away()
    if (verdict.kind !== 'ok') return false
    const rotation = await guard.sessions.rotate(request, { factors: ['password'] })
    if (rotation.kind === 'started') response.append('Set-Cookie', [rotation.cookie, ...verdict.cookies])
    return rotation.kind === 'started' || rotation.kind === 'kept'
  }

  const byFactor = async (request: Request, response: Response, proof: Parameters<typeof mfa.stepUp>[1]): Promise<boolean> => {
    const verdict = await mfa.stepUp(request, proof)
    if (verdict.kind === 'degraded') throw away()
    if (verdict.kind === 'ok') response.append('Set-Cookie', [...verdict.cookies])
    return verdict.kind === 'ok'
  }

  router.get(
    '/step-up',
    signedIn(async (request, response, who) => {
      const next = guard.redirect.safe(field(request.query, 'next'))
      const allowed = await ways(who)
      // an administrator without a second factor sets one up first: a password is no proof for the admin area
      const admin = new URL(next, 'http://localhost').pathname.startsWith('/admin')
      if (allowed.password && admin && guard.sessions.isFresh(who.session, 60_000)) return response.redirect(303, '/account/security')
      send(response, stepUpPage(who.shell, { next, ...allowed }))
    }),
  )

  router.post(
    '/step-up',
    signedIn(async (request, response, who) => {
      const next = guard.redirect.safe(field(request.body, 'next'))
      const allowed = await ways(who)
      const proved = allowed.password
        ? await byPassword(request, response, who)
        : await byFactor(request, response, proofOf(field(request.body, 'code')))
      if (proved) return response.redirect(303, next)
      const errors = allowed.password ? { password: WORDS.proofFailed } : { code: WORDS.proofFailed }
      send(response, stepUpPage(who.shell, { next, ...allowed, errors }), 401)
    }),
  )

  router.post(
    '/step-up/passkey/options',
    signedIn(async (_request, response, { person }) => {
      const begun = await passkeys.beginAuthentication({ subject: person.id })
      if (begun.kind === 'degraded') throw away()
      if (begun.cookie !== undefined) response.append('Set-Cookie', begun.cookie)
      sendJson(response, begun.options)
    }),
  )

  router.post(
    '/step-up/passkey/verify',
    signedIn(async (request, response) => {
      if (await byFactor(request, response, { assertion: request.body?.response }))
        sendJson(response, { next: guard.redirect.safe(field(request.body, 'next')) })
      else refuseJson(response, 401, WORDS.proofFailed)
    }),
  )
}
