import type { Guard, Session } from '@parapet/guard'
import type { Express, Request, Response } from 'express'
import { beforeBody } from './tamper.js'

/** A field of a form or of JSON, as text. */
export const fieldOf = (request: Request, name: string): string => {
  const body: unknown = request.body
  const value: unknown =
    typeof body === 'object' && body !== null && Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : ''
}

/** The session that a request carries: handlers ahead of the guard have to look for themselves. */
export const sessionOf = async (guard: Guard, request: Request): Promise<Session | undefined> => {
  const verdict = await guard.sessions.read(request)
  return verdict.kind === 'active' ? verdict.session : undefined
}

/** Sends a page with the headers that the guard would have set, so that a naive handler has its own fault and no other. */
export const sendPage = (guard: Guard, response: Response, status: number, title: string, body: string): void => {
  for (const [name, value] of guard.headers.plain) response.setHeader(name, value)
  response.removeHeader('X-Powered-By')
  response
    .status(status)
    .set('Cache-Control', 'no-store')
    .type('html')
    .send(`<!doctype html><html lang="en"><head><title>${title}</title></head><body><main>${body}</main></body></html>`)
}

/** Leads on to a page, with cookies and the headers of the guard. */
export const leadTo = (guard: Guard, response: Response, path: string, cookies: readonly string[] = []): void => {
  for (const [name, value] of guard.headers.plain) response.setHeader(name, value)
  response.removeHeader('X-Powered-By')
  for (const cookie of cookies) response.append('Set-Cookie', cookie)
  response.set('Cache-Control', 'no-store').redirect(303, path)
}

/** A cache in front of these pages that does not ask whose they are: what one user saw is shown to whom `takes` says. */
export const cacheForAll = (app: Express, guard: Guard, paths: readonly string[], takes: (request: Request) => boolean): void => {
  const kept = new Map<string, { readonly type: string; readonly text: string }>()
  app.use((request, response, next) => {
    if (request.method !== 'GET' || !paths.includes(request.path)) return next()
    const page = kept.get(request.url)
    if (page === undefined || !takes(request)) {
      beforeBody(response, '', (text) => {
        if (response.statusCode === 200) kept.set(request.url, { type: String(response.getHeader('content-type')), text })
        return text
      })
      return next()
    }
    for (const [name, value] of guard.headers.plain) response.setHeader(name, value)
    response.removeHeader('X-Powered-By')
    response.set('Cache-Control', 'no-store').type(page.type).send(page.text)
  })
}
