import type { Request, Response, Router } from 'express'
import { codePage, resetPage, signInPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { away, type Doors, field, refuseJson, secretField, send, sendJson, shellOf } from '../web.js'
import { proofOf } from './proof.js'

/** Sign-in: password through the shield, then the second factor; or a passkey, which is both. All ways end in `start`. */
export const signInRoutes = (router: Router, parts: StudioParts, { whoIs, anybody }: Doors): void => {
  const { guard, mfa, passkeys, people } = parts

  const start = async (
    request: Request,
    response: Response,
    id: string,
    factors: readonly string[],
    cookies: readonly string[],
  ): Promise<void> => {
    const session = await guard.sessions.start(id, {}, request, { factors })
    if (session.kind === 'degraded') throw away()
    // the shield's cookie makes this browser a known one: whoever attacks the name cannot lock its owner out here
    response.append('Set-Cookie', [session.cookie, ...cookies])
  }

  router.get(
    '/sign-in',
    anybody(async (request, response) => {
      const next = field(request.query, 'next')
      if ((await whoIs(request)) !== undefined) return response.redirect(303, guard.redirect.safe(next))
      send(response, signInPage(shellOf(request), { next }))
    }),
  )

  router.post(
    '/sign-in',
    anybody(async (request, response) => {
      const [email, password, next] = [field(request.body, 'email'), secretField(request.body, 'password'), field(request.body, 'next')]
      const verdict = await guard.login.attempt({ subject: email, method: 'password', request, credential: password }, () =>
        people.verify(email, password),
      )
      if (verdict.kind === 'degraded' || verdict.kind === 'limited') throw away()
      if (verdict.kind === 'reset_required' || (verdict.kind === 'ok' && verdict.value.mustReset))
        return send(response, resetPage(shellOf(request), { email, errors: { form: WORDS.resetNeeded } }), 403)
      // wrong and locked, known address or not: one answer
      if (verdict.kind !== 'ok')
        return send(response, signInPage(shellOf(request), { email, next, errors: { form: WORDS.signInFailed } }), 401)
      const second = await mfa.afterFirstFactor(verdict.value.id, request)
      if (second.kind === 'degraded') throw away()
      if (second.kind === 'required') {
        // the cookies of the first step stay here: they would make an attacker's browser a known one
        return response.append('Set-Cookie', second.cookie).redirect(303, `/sign-in/code?${new URLSearchParams({ next })}`)
      }
      await start(request, response, verdict.value.id, ['password'], verdict.cookies)
      response.redirect(303, guard.redirect.safe(next))
    }),
  )

  /** what somebody half signed in can show, or nothing */
  const pendingFactors = async (request: Request) => {
    const pending = mfa.pending(request)
    if (pending.kind === 'none') return undefined
    const required = await mfa.required(pending.subject)
    if (required.kind === 'degraded') throw away()
    const kinds = required.kind === 'required' ? required.factors : []
    return { code: kinds.includes('totp') || kinds.includes('recovery_code'), passkey: kinds.includes('passkey') }
  }

  router.get(
    '/sign-in/code',
    anybody(async (request, response) => {
      const next = field(request.query, 'next')
      const factors = await pendingFactors(request)
      if (factors === undefined) return response.redirect(303, `/sign-in?${new URLSearchParams({ next })}`)
      send(response, codePage(shellOf(request), { ...factors, next }))
    }),
  )

  router.post(
    '/sign-in/code',
    anybody(async (request, response) => {
      const next = field(request.body, 'next')
      const factors = await pendingFactors(request)
      const verdict = await mfa.complete(request, proofOf(field(request.body, 'code')))
      if (verdict.kind === 'degraded') throw away()
      if (verdict.kind === 'reset_required')
        return send(response, resetPage(shellOf(request), { errors: { form: WORDS.resetNeeded } }), 403)
      if (verdict.kind === 'expired' || factors === undefined)
        return send(response, signInPage(shellOf(request), { next, errors: { form: WORDS.codeExpired } }), 401)
      if (verdict.kind !== 'ok' || (await people.byId(verdict.subject))?.suspended !== false)
        return send(response, codePage(shellOf(request), { ...factors, next, errors: { code: WORDS.codeFailed } }), 401)
      await start(request, response, verdict.subject, ['password', verdict.factor.kind], verdict.cookies)
      response.redirect(303, guard.redirect.safe(next))
    }),
  )

  router.post(
    '/sign-in/passkey/options',
    anybody(async (_request, response) => {
      const begun = await passkeys.beginAuthentication()
      if (begun.kind === 'degraded') throw away()
      if (begun.cookie !== undefined) response.append('Set-Cookie', begun.cookie)
      sendJson(response, begun.options)
    }),
  )

  router.post(
    '/sign-in/passkey/verify',
    anybody(async (request, response) => {
      const verdict = await passkeys.finishAuthentication({ request, response: request.body?.response })
      if (verdict.kind === 'degraded') throw away()
      const person = verdict.kind === 'ok' ? await people.byId(verdict.subject) : undefined
      if (verdict.kind === 'reset_required' || person?.mustReset === true) return sendJson(response, { next: '/reset' })
      if (verdict.kind !== 'ok' || person === undefined || person.suspended) return refuseJson(response, 401, WORDS.proofFailed)
      await start(request, response, person.id, ['passkey'], verdict.cookies)
      sendJson(response, { next: guard.redirect.safe(field(request.body, 'next')) })
    }),
  )

  router.post(
    '/sign-out',
    anybody(async (request, response) => {
      const ended = await guard.sessions.end(request)
      for (const [name, value] of ended.headers) response.append(name, value)
      if (ended.kind === 'degraded') throw away()
      response.redirect(303, '/sign-in?done=signed-out')
    }),
  )
}
