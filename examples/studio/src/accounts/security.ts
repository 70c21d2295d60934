import type { Session } from '@parapet/guard'
import type { Response, Router } from 'express'
import type { Security, SessionRow } from '../pages/models.js'
import { recoveryCodesPage, securityPage, totpPage, WORDS } from '../pages/index.js'
import type { StudioParts } from '../parts.js'
import { away, type Doors, field, refuseJson, send, sendJson, type SignedIn } from '../web.js'

const FLAGGED = 'This session looks unusual. Sign in again from a browser you know, and then add the factor.'
const FACTOR_FIRST = 'Set up an authenticator app or a passkey first.'

const sessionRow = ({ id, device = 'Unknown browser', address, place, createdAt, seenAt }: Session, current: Session): SessionRow => ({
  id,
  device,
  ...(address === undefined ? {} : { address }),
  ...(place === undefined ? {} : { place }),
  createdAt,
  seenAt,
  current: id === current.id,
})

/** The page of factors and sessions, with what was wrong about a form of it. */
export const showSecurity = async (
  { guard, mfa }: Pick<StudioParts, 'guard' | 'mfa'>,
  response: Response,
  { person, session, shell }: SignedIn,
  errors?: NonNullable<Security['errors']>,
): Promise<void> => {
  const [factors, left, sessions] = await Promise.all([
    mfa.list(person.id),
    mfa.recoveryCodesLeft(person.id),
    guard.sessions.list(person.id),
  ])
  if (factors.kind === 'degraded' || left.kind === 'degraded') throw away()
  const model: Security = {
    apps: factors.factors.filter(({ kind }) => kind === 'totp'),
    passkeys: factors.factors.filter(({ kind }) => kind === 'passkey'),
    recoveryCodesLeft: left.left,
    sessions: sessions.map((one) => sessionRow(one, session)),
    ...(errors === undefined ? {} : { errors }),
  }
  send(response, securityPage(shell, model), errors === undefined ? 200 : 400)
}

/** Second factors and sessions of one's own. Whatever changes how one signs in asks for a fresh proof, and ends all other sessions. */
export const securityRoutes = (router: Router, parts: StudioParts, { signedIn, fresh }: Doors): void => {
  const { guard, mfa, passkeys } = parts

  const changed = ({ person, session }: SignedIn): Promise<unknown> => guard.sessions.credentialChanged(person.id, { keep: session.id })
  const refuse = (response: Response, who: SignedIn, kind: 'flagged' | 'too_many'): Promise<void> =>
    showSecurity(parts, response, who, { form: kind === 'too_many' ? WORDS.tooMany : FLAGGED })

  router.get(
    '/account/security',
    signedIn((_request, response, who) => showSecurity(parts, response, who)),
  )

  router.post(
    '/account/totp',
    fresh(async (request, response, who) => {
      const begun = await mfa.begin(who.person.id, {
        request,
        account: who.person.email,
        name: field(request.body, 'name') || 'Authenticator app',
      })
      if (begun.kind === 'degraded') throw away()
      if (begun.kind === 'refused') return refuse(response, who, begun.reason)
      send(response, totpPage(who.shell, { enrolment: begun.enrolment, secret: begun.secret, svg: begun.svg }))
    }),
  )

  router.post(
    '/account/totp/confirm',
    fresh(async (request, response, who) => {
      const enrolment = field(request.body, 'enrolment')
      const end = await mfa.confirm(who.person.id, { request, enrolment, code: field(request.body, 'code') })
      if (end.kind === 'degraded') throw away()
      if (end.kind === 'refused') return refuse(response, who, end.reason)
      if (end.kind === 'expired') return showSecurity(parts, response, who, { form: WORDS.codeExpired })
      if (end.kind === 'failed') return send(response, totpPage(who.shell, { enrolment, errors: { code: WORDS.codeFailed } }), 400)
      await changed(who)
      // the code just shown proves the session too: a new id, and the factor in it
      const rotation = await guard.sessions.rotate(request, { factors: ['totp'] })
      if (rotation.kind === 'started') response.append('Set-Cookie', rotation.cookie)
      if (end.recoveryCodes === undefined) response.redirect(303, '/account/security?done=app-added')
      else send(response, recoveryCodesPage(who.shell, { codes: end.recoveryCodes }))
    }),
  )

  router.post(
    '/account/totp/remove',
    fresh(async (request, response, who) => {
      const removed = await mfa.remove(who.person.id, field(request.body, 'id'))
      if (removed.kind === 'degraded') throw away()
      await changed(who)
      response.redirect(303, '/account/security?done=app-removed')
    }),
  )

  router.post(
    '/account/recovery-codes',
    fresh(async (request, response, who) => {
      const issued = await mfa.regenerateRecoveryCodes(who.person.id)
      if (issued.kind === 'degraded') throw away()
      if (issued.kind === 'no_factor') return showSecurity(parts, response, who, { form: FACTOR_FIRST })
      send(response, recoveryCodesPage(who.shell, { codes: issued.recoveryCodes }))
    }),
  )

  router.post(
    '/account/passkeys/options',
    fresh(async (request, response, { person, session }) => {
      const begun = await passkeys.beginRegistration(person.id, {
        request,
        session: session.id,
        userName: person.email,
        displayName: person.name,
      })
      if (begun.kind === 'degraded') throw away()
      if (begun.kind === 'begun') sendJson(response, begun.options)
      else refuseJson(response, 403, begun.reason === 'too_many' ? WORDS.tooMany : FLAGGED)
    }),
  )

  router.post(
    '/account/passkeys/verify',
    fresh(async (request, response, who) => {
      const { person, session } = who
      const name = field(request.body, 'name') || 'Passkey'
      const end = await passkeys.finishRegistration(person.id, { request, session: session.id, response: request.body?.response, name })
      if (end.kind === 'degraded') throw away()
      if (end.kind !== 'registered') return refuseJson(response, 400, WORDS.proofFailed)
      await changed(who)
      const rotation = await guard.sessions.rotate(request, { factors: ['passkey'] })
      if (rotation.kind === 'started') response.append('Set-Cookie', rotation.cookie)
      sendJson(response, { next: '/account/security?done=passkey-added' })
    }),
  )

  router.post(
    '/account/passkeys/remove',
    fresh(async (request, response, who) => {
      const removed = await passkeys.remove(who.person.id, field(request.body, 'id'))
      if (removed.kind === 'degraded') throw away()
      await changed(who)
      response.redirect(303, '/account/security?done=passkey-removed')
    }),
  )

  router.post(
    '/account/sessions/end',
    signedIn(async (request, response, { person }) => {
      await guard.sessions.revoke(person.id, field(request.body, 'id'))
      response.redirect(303, '/account/security?done=session-ended')
    }),
  )

  router.post(
    '/account/sessions/end-others',
    signedIn(async (_request, response, { person, session }) => {
      await guard.sessions.endOthers(person.id, session.id)
      response.redirect(303, '/account/security?done=sessions-ended')
    }),
  )
}
