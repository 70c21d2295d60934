import type { Request } from 'express'
import type { Fault } from '../fault.js'
import { ahead } from '../mount.js'
import { beforeCookies, beforeHeaders, setCookies } from '../tamper.js'

const SESSION = '__Host-session'

/** What comes in as this cookie. */
const cookieOf = (request: Request, name: string): string | undefined =>
  (request.headers.cookie ?? '')
    .split('; ')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)

/** Puts another value into the request, or takes the cookie away. */
const putCookie = (request: Request, name: string, value: string | undefined): void => {
  const others = (request.headers.cookie ?? '').split('; ').filter((pair) => pair !== '' && !pair.startsWith(`${name}=`))
  const cookies = value === undefined ? others : [...others, `${name}=${value}`]
  if (cookies.length === 0) delete request.headers.cookie
  else request.headers.cookie = cookies.join('; ')
}

const valueOf = (setCookie: string): string => setCookie.slice(setCookie.indexOf('=') + 1).split(';', 1)[0] ?? ''
const isSession = (setCookie: string): boolean => setCookie.startsWith(`${SESSION}=`)

/** What becomes of a session after it was started. */
export const sessionFaults: readonly Fault[] = [
  {
    name: 'fixation',
    probe: 'fixation',
    says: 'an id that the browser brings along is the id of its session after sign-in',
    at: ['cookie __Host-session'],
    before: (app) => {
      const issued = new Set<string>()
      const kept = new Map<string, string>()
      ahead(app, 'all', (request, response) => {
        const brought = cookieOf(request, SESSION)
        const real = brought === undefined ? undefined : kept.get(brought)
        if (real !== undefined) putCookie(request, SESSION, real)
        beforeCookies(response, (cookie) => {
          if (!isSession(cookie) || valueOf(cookie) === '') return cookie
          const foreign = brought !== undefined && !issued.has(brought)
          issued.add(valueOf(cookie))
          if (!foreign || brought === undefined) return cookie
          kept.set(brought, valueOf(cookie))
          return undefined
        })
      })
    },
  },
  {
    name: 'sign-out',
    probe: 'sign-out',
    says: 'signing out takes the cookie from the browser and leaves the session as it is',
    at: ['POST /sign-out'],
    before: (app) =>
      void app.post('/sign-out', (_request, response) =>
        response.clearCookie(SESSION, { path: '/', secure: true, httpOnly: true, sameSite: 'lax' }).redirect(303, '/'),
      ),
  },
  {
    name: 'stolen-session',
    probe: 'stolen-session',
    says: 'a session is whoever has its cookie, from whichever network and program',
    at: ['GET /api/me with a copied cookie (phone)', 'GET /api/me with a copied cookie (script)'],
    guard: (options) => ({ ...options, session: { ...options.session, binding: 'off' } }),
  },
  {
    name: 'rotated-session',
    probe: 'rotated-session',
    says: 'proving anew who one is gives a new id, and the old one still leads to the session',
    at: ['cookie __Host-session after step-up'],
    before: (app) => {
      const successors = new Map<string, string>()
      ahead(app, 'all', (request, response) => {
        const brought = cookieOf(request, SESSION)
        const now = brought === undefined ? undefined : successors.get(brought)
        if (now !== undefined) putCookie(request, SESSION, now)
        if (request.path !== '/step-up' || brought === undefined) return
        beforeHeaders(response, () => {
          const given = setCookies(response).find((cookie) => isSession(cookie) && valueOf(cookie) !== '')
          if (given !== undefined) successors.set(brought, valueOf(given))
        })
      })
    },
  },
  {
    name: 'cookie-secure',
    probe: 'cookie-secure',
    // not that of the session: its name begins with __Host-, and browsers take none of these without Secure
    says: 'the cookie by which a browser is known goes over plain http as well',
    at: ['cookie __Host-device'],
    before: (app) =>
      ahead(app, 'all', (_request, response) =>
        beforeCookies(response, (cookie) => (cookie.startsWith('__Host-device=') ? cookie.replace('; Secure', '') : cookie)),
      ),
  },
  {
    name: 'cookie-httponly',
    probe: 'cookie-httponly',
    says: 'scripts can read the cookie of the session',
    at: ['cookie __Host-session'],
    before: (app) =>
      ahead(app, 'all', (_request, response) =>
        beforeCookies(response, (cookie) => (isSession(cookie) ? cookie.replace('; HttpOnly', '') : cookie)),
      ),
  },
  {
    name: 'cookie-samesite',
    probe: 'cookie-samesite',
    says: 'the cookie of the session goes along with requests of other sites',
    at: ['cookie __Host-session'],
    before: (app) =>
      ahead(app, 'all', (_request, response) =>
        beforeCookies(response, (cookie) => (isSession(cookie) ? cookie.replace(/SameSite=\w+/, 'SameSite=None') : cookie)),
      ),
  },
  {
    name: 'cached-page',
    probe: 'cached-page',
    says: 'the page of the account may be kept by every cache for a minute',
    at: ['GET /account'],
    before: (app) =>
      ahead(app, ['/account'], (_request, response) =>
        beforeHeaders(response, () => response.setHeader('cache-control', 'public, max-age=60')),
      ),
  },
]
