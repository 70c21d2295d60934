import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createGuard, type Guard, type GuardOptions, type Session } from '@parapet/guard'
import { express as protect } from '@parapet/guard/express'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import { accountPage, homePage, loginPage, messagePage } from './pages.js'
import type { User, Users } from './users.js'

const WRONG = 'The name or the password is wrong'
const AWAY = 'Sign-in does not work right now. Please try again in a minute.'

/** A form field as text: a doubled field, or one of another shape, is none. */
const field = (request: Request, name: string): string => {
  const body: unknown = request.body
  const value: unknown =
    typeof body === 'object' && body !== null && Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : ''
}

/** A handler that takes its time; what it fails with goes to the error handler, in Express 4 as in 5. */
const later =
  (work: (request: Request, response: Response) => Promise<void>): RequestHandler =>
  async (request, response, next) => {
    try {
      await work(request, response)
    } catch (error) {
      next(error)
    }
  }

/** Builds the application and its guard. */
export const createApp = (options: GuardOptions, users: Users): { app: Express; guard: Guard } => {
  const guard = createGuard({ loginRoutes: ['/login'], ...options })
  const app = express()
  app.use(protect(guard))
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url)), { index: false }))
  app.use(express.urlencoded({ extended: false, limit: '16kb' }))

  const signedIn = (request: Request): { user: User; session: Session } | undefined => {
    const verdict = guard.of(request)?.session
    const user = verdict?.kind === 'active' ? users.byId(verdict.session.subject) : undefined
    return verdict?.kind === 'active' && user !== undefined ? { user, session: verdict.session } : undefined
  }
  const degraded = (request: Request): boolean => guard.of(request)?.session.kind === 'degraded'
  const page = (response: Response, html: string, status = 200): void => {
    response.status(status).set('Cache-Control', 'no-store').type('html').send(html)
  }

  app.get('/', (request, response) => page(response, homePage(signedIn(request)?.user)))

  app.get('/login', (request, response) => {
    if (signedIn(request) === undefined) page(response, loginPage())
    else response.redirect(303, '/')
  })

  app.post(
    '/login',
    later(async (request, response) => {
      const username = field(request, 'username')
      const password = field(request, 'password')
      const verdict = await guard.login.attempt({ subject: username, method: 'password', request, credential: password }, () =>
        users.verify(username, password),
      )
      if (verdict.kind === 'degraded' || verdict.kind === 'limited') {
        page(response, loginPage({ message: AWAY, username }), 503)
        return
      }
      // locked or wrong, known name or not: the same status, the same words
      if (verdict.kind !== 'ok') {
        page(response, loginPage({ message: WRONG, username }), 401)
        return
      }
      const started = await guard.sessions.start(verdict.value.id, {}, request)
      if (started.kind === 'degraded') {
        page(response, loginPage({ message: AWAY, username }), 503)
        return
      }
      response.append('Set-Cookie', [started.cookie, ...verdict.cookies])
      response.redirect(303, '/')
    }),
  )

  app.get(
    '/account',
    later(async (request, response) => {
      const who = signedIn(request)
      if (who === undefined) {
        if (degraded(request)) page(response, messagePage('Not now', AWAY), 503)
        else response.redirect(303, '/login')
        return
      }
      page(response, accountPage(who.user, who.session, await guard.sessions.list(who.session.subject)))
    }),
  )

  app.post(
    '/sessions/end',
    later(async (request, response) => {
      const who = signedIn(request)
      if (who !== undefined) await guard.sessions.revoke(who.session.subject, field(request, 'id'))
      response.redirect(303, who === undefined ? '/login' : '/account')
    }),
  )

  app.post(
    '/logout',
    later(async (request, response) => {
      const ended = await guard.sessions.end(request)
      for (const [name, value] of ended.headers) response.append(name, value)
      if (ended.kind === 'degraded')
        page(response, messagePage('Not fully signed out', 'This browser has forgotten you, but the server could not be reached.'), 503)
      else response.redirect(303, '/')
    }),
  )

  app.get('/api/me', (request, response) => {
    const who = signedIn(request)
    response.set('Cache-Control', 'no-store')
    if (who !== undefined) response.json({ id: who.user.id, name: who.user.name, fullName: who.user.fullName })
    else response.status(degraded(request) ? 503 : 401).json({ error: degraded(request) ? 'try again' : 'sign in first' })
  })

  app.use((request, response) => page(response, messagePage('Nothing here', 'This page does not exist.', signedIn(request)?.user), 404))

  app.use((error: unknown, request: Request, response: Response, next: (error: unknown) => void) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const status =
      typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' && error.status < 500
        ? error.status
        : 500
    // what went wrong is for the log; the person gets a reference
    if (status === 500) process.emitWarning(error instanceof Error ? error : String(error))
    page(response, messagePage('Something went wrong', `Please try again. Reference: ${guard.of(request)?.id ?? 'none'}`), status)
  })
  return { app, guard }
}
