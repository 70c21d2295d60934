import type { StudioParts } from '@parapet/example-studio'
import express, { type Request } from 'express'
import type { Fault } from '../fault.js'
import { ahead } from '../mount.js'
import { beforeHeaders, setCookies } from '../tamper.js'

/** Makes the guard believe that the page which sent this request was one of our own. */
const takeForOurs = (request: Request, { settings }: StudioParts): void => {
  delete request.headers['sec-fetch-site']
  request.headers.origin = settings.publicOrigin
}

const isForm = (request: Request): boolean =>
  /^(?:application\/x-www-form-urlencoded|multipart\/form-data)/.test(request.get('content-type') ?? '')
const isWrite = (request: Request): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(request.method)

/** Requests from other sites. */
export const crossSiteFaults: readonly Fault[] = [
  {
    name: 'cross-site-form',
    probe: 'cross-site-form',
    says: 'forms are taken from every site: only the JSON API looks where a request comes from',
    at: ['POST /account', 'POST /documents/:doc/comments'],
    takes: ['cookie-samesite'],
    before: (app, parts) =>
      ahead(app, 'all', (request) => {
        if (isWrite(request) && isForm(request) && request.path !== '/sign-in') takeForOurs(request, parts)
      }),
  },
  {
    name: 'cross-site-json',
    probe: 'cross-site-json',
    says: 'only form content types are looked at, as if a page of another site could send nothing else; and JSON is read whatever it calls itself',
    at: ['POST /api/documents/:doc/comments'],
    takes: ['cookie-samesite'],
    before: (app, parts) =>
      ahead(app, 'all', (request) => {
        if (!isWrite(request) || isForm(request)) return
        takeForOurs(request, parts)
        request.headers['content-type'] = 'application/json'
      }),
  },
  {
    name: 'login-csrf',
    probe: 'login-csrf',
    says: 'the sign-in form has no check of where it comes from: nobody is signed in there yet, so what could happen',
    at: ['POST /sign-in'],
    before: (app, parts) =>
      ahead(app, ['/sign-in'], (request) => {
        if (isWrite(request)) takeForOurs(request, parts)
      }),
  },
  {
    name: 'cors-reflection',
    probe: 'cors-reflection',
    says: '/api/me lets every origin read it with the cookies of the user',
    at: ['GET /api/me'],
    before: (app) =>
      ahead(app, ['/api/me'], (request, response) => {
        const { origin } = request.headers
        if (origin === undefined || origin === 'null') return
        beforeHeaders(response, () => {
          response.setHeader('access-control-allow-origin', origin)
          response.setHeader('access-control-allow-credentials', 'true')
        })
      }),
  },
  {
    name: 'cors-null',
    probe: 'cors-null',
    says: '/account lets the origin null read it, as every sandboxed frame has it',
    at: ['GET /account'],
    before: (app) =>
      ahead(app, ['/account'], (request, response) => {
        if (request.headers.origin !== 'null') return
        beforeHeaders(response, () => {
          response.setHeader('access-control-allow-origin', 'null')
          response.setHeader('access-control-allow-credentials', 'true')
        })
      }),
  },
  {
    name: 'framing',
    probe: 'framing',
    says: 'every site may put / into a frame',
    at: ['GET /'],
    before: (app) =>
      ahead(app, ['/'], (_request, response) =>
        beforeHeaders(response, () => {
          response.removeHeader('x-frame-options')
          const policy = String(response.getHeader('content-security-policy') ?? '')
          if (policy !== '') response.setHeader('content-security-policy', policy.replace(/;? *frame-ancestors [^;]*/, ''))
        }),
      ),
  },
  {
    name: 'open-redirect',
    probe: 'open-redirect',
    says: 'after sign-in the browser is sent to whatever next says',
    at: ['/sign-in parameter next after the sign-in'],
    before: (app) => {
      app.use('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }))
      ahead(app, ['/sign-in'], (request, response) => {
        const next: unknown = (request.body as Record<string, unknown> | undefined)?.['next'] ?? request.query['next']
        if (typeof next !== 'string' || next === '') return
        beforeHeaders(response, () => {
          if (response.statusCode === 303 && setCookies(response).some((cookie) => cookie.startsWith('__Host-session=')))
            response.location(next)
        })
      })
    },
  },
  {
    name: 'state-by-get',
    probe: 'state-by-get',
    says: 'what a form posts is done for a link as well',
    at: ['GET /documents/:doc/comments'],
    before: (app, parts) => {
      app.use((request, _response, next) => {
        if (request.method !== 'GET' || !/^\/documents\/[^/]+\/comments$/.test(request.path)) return next()
        request.method = 'POST'
        request.body = request.query
        takeForOurs(request, parts)
        next()
      })
    },
  },
]
