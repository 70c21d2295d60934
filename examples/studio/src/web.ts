import { ParapetError } from '@parapet/core'
import { publicError, type Session } from '@parapet/guard'
import type { Request, RequestHandler, Response } from 'express'
import type { Person } from './accounts/people.js'
import { readFlash } from './pages/index.js'
import type { Shell } from './pages/models.js'
import type { StudioParts } from './parts.js'

/** Somebody who is signed in. */
export type SignedIn = { readonly person: Person; readonly session: Session; readonly shell: Shell }
type Handler = (request: Request, response: Response, who: SignedIn) => unknown

/** Proofs beyond the password. */
const SECOND = new Set(['totp', 'passkey', 'recovery_code'])

/** A field of a body or a query as text: a doubled one, or one of another shape, is none. */
export const field = (from: unknown, name: string): string => {
  const value: unknown =
    typeof from === 'object' && from !== null && Object.hasOwn(from, name) ? (from as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value.trim() : ''
}

/** As {@link field}, for what must not be touched: passwords. */
export const secretField = (from: unknown, name: string): string => {
  const value: unknown =
    typeof from === 'object' && from !== null && Object.hasOwn(from, name) ? (from as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : ''
}

/** A page that no cache keeps. */
export const send = (response: Response, html: string, status = 200): void => {
  response.status(status).set('Cache-Control', 'no-store').type('html').send(html)
}

/** JSON that no cache keeps. */
export const sendJson = (response: Response, body: object): void => void response.set('Cache-Control', 'no-store').json(body)
/** A refusal for a script of our pages, which shows `detail`. */
export const refuseJson = (response: Response, status: number, detail: string): void =>
  void response.status(status).set('Cache-Control', 'no-store').type('application/problem+json').send(JSON.stringify({ status, detail }))

/** The one answer for what is not there and for what one may not see. */
export const notFound = (): Error => publicError(404, 'There is nothing here', { code: 'NOT_FOUND' })

/** The store is away: nobody passes. */
export const away = (): Error => new ParapetError('PPT_STORE_UNAVAILABLE', 'sign-in cannot be checked')

/** What every page shows of who looks at it, and of what was just done. */
export const shellOf = (request: Request, person?: Person): Shell => {
  const flash = readFlash(request.query['done'])
  return {
    ...(person === undefined ? {} : { user: { name: person.name, email: person.email, admin: person.role === 'admin' } }),
    ...(flash === undefined ? {} : { flash }),
  }
}

/** The doors: who may come in, and what he has to show for it. */
export const createDoors = ({ guard, people, settings }: Pick<StudioParts, 'guard' | 'people' | 'settings'>) => {
  const freshMs = (settings.stepUpSeconds ?? 600) * 1_000

  const whoIs = async (request: Request): Promise<SignedIn | undefined> => {
    const verdict = guard.of(request)?.session
    if (verdict?.kind === 'degraded') throw away()
    if (verdict?.kind !== 'active') return undefined
    const { session } = verdict
    const person = await people.byId(session.subject)
    return person === undefined || person.suspended ? undefined : { person, session, shell: shellOf(request, person) }
  }

  /** a browser is led to a page and back to where it was, a program is told */
  const lead = (request: Request, response: Response, page: string, status: 401 | 403, code: string, title: string): void => {
    const back = guard.redirect.safe(request.method === 'GET' ? request.originalUrl : request.get('referer'))
    const next = `${page}?${new URLSearchParams({ next: back })}`
    if (guard.errors.prefersHtml(request)) response.redirect(303, next)
    else
      response
        .status(status)
        .set('Cache-Control', 'no-store')
        .type('application/problem+json')
        .send(JSON.stringify({ title, status, code, next }))
  }

  /** rejections reach the error handler */
  const anybody =
    (handler: (request: Request, response: Response) => unknown): RequestHandler =>
    async (request, response) => {
      await handler(request, response)
    }

  const signedIn =
    (handler: Handler): RequestHandler =>
    async (request, response) => {
      const who = await whoIs(request)
      if (who === undefined) lead(request, response, '/sign-in', 401, 'SIGN_IN', 'Sign in first')
      else await handler(request, response, who)
    }

  /** for acts of weight: proved lately, and not by a session that looks stolen */
  const provedLately =
    (handler: Handler): Handler =>
    async (request, response, who) => {
      if (guard.sessions.isFresh(who.session, freshMs)) await handler(request, response, who)
      else lead(request, response, '/step-up', 403, 'STEP_UP', 'Prove anew who you are')
    }

  const adminOnly =
    (handler: Handler): Handler =>
    async (request, response, who) => {
      if (who.person.role !== 'admin') throw notFound()
      if (who.session.factors.some(({ factor }) => SECOND.has(factor))) await handler(request, response, who)
      else lead(request, response, '/step-up', 403, 'SECOND_FACTOR', 'Administrators need a second factor')
    }

  return {
    whoIs,
    anybody,
    signedIn,
    fresh: (handler: Handler) => signedIn(provedLately(handler)),
    admin: (handler: Handler) => signedIn(adminOnly(handler)),
    freshAdmin: (handler: Handler) => signedIn(adminOnly(provedLately(handler))),
  }
}
/** The doors, as routers take them. */
export type Doors = ReturnType<typeof createDoors>

type IdType = 'doc' | 'file' | 'framework' | 'person'

/** Encrypted ids of the outside, and ids of the database. */
export const createIds = (guard: Pick<StudioParts['guard'], 'id'>) => {
  const read = (type: IdType, text: unknown): string | undefined => {
    const verdict = guard.id.decode(type, text)
    return verdict.kind === 'known' && typeof verdict.id === 'string' ? verdict.id : undefined
  }
  return {
    of: (type: IdType, id: string): string => guard.id.encode(type, id),
    read,
    /** of a path: one that was made up is 404 */
    need: (type: IdType, text: unknown): string => {
      const id = read(type, text)
      if (id === undefined) throw notFound()
      return id
    },
  }
}
/** What turns ids of the database into ids for the world and back. */
export type Ids = ReturnType<typeof createIds>
