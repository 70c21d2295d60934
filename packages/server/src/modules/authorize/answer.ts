import { type Problem, toProblem } from '@parapet/core'
import { limitHeaders } from '@parapet/guard'
import type { OriginalRequest, ProxyKind } from './original-request.js'
import type { Weighed } from './weigh-request.js'

/** What a proxy is answered; without `problem` there is no body. */
export type ProxyAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly problem?: Problem
  /** what the client sees in the end, whatever the proxy needs to be told */
  readonly shown: number
}

/** Where a browser comes back to: a path of ours only, and none that was posted. */
const wayBack = ({ method, uri }: OriginalRequest): string =>
  method === 'GET' && /^\/(?![/\\])/.test(uri)
    ? `return=${encodeURIComponent(uri.slice(0, 2_000).replaceAll(/[^\u0020-\u007e]/g, ''))}`
    : ''

const locationOf = (page: string, request: OriginalRequest): string => {
  const back = wayBack(request)
  return back === '' ? page : `${page}${page.includes('?') ? '&' : '?'}${back}`
}

/**
 * The answer in the words of the proxy. nginx knows only 401 and 403 from `auth_request`, so that the true status, the place to go and the
 * wait stand in headers that its configuration reads: `Parapet-Status`, `Parapet-Location`, `Retry-After`. Traefik and Caddy hand the whole
 * answer to the client. Sources: ngx_http_auth_request_module; the pages of both named in the guides.
 */
export const answerFor = (
  weighed: Extract<Weighed, { readonly kind: 'refused' }>,
  request: OriginalRequest,
  context: {
    readonly proxy: ProxyKind
    readonly pages: Readonly<Record<'stepUp' | 'reset', string | undefined>>
    readonly atSignIn: boolean
    readonly now: number
  },
): ProxyAnswer => {
  const { code, decisionId, detail, limit, until } = weighed
  const problem = toProblem(code, { instance: decisionId, ...(detail === undefined ? {} : { detail }) })
  const page = weighed.page === undefined ? undefined : context.pages[weighed.page]
  const location = page === undefined || !request.html ? undefined : locationOf(page, request)
  const headers: Record<string, string> = { 'parapet-reason': weighed.reason, 'parapet-reference': decisionId }
  if (limit !== undefined) {
    // at sign-in nothing but when to come back: an attacker is not told his budget
    for (const [name, value] of limitHeaders([limit])) if (!context.atSignIn || name === 'Retry-After') headers[name.toLowerCase()] = value
  }
  if (until !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil((until - context.now) / 1_000)))
  const shown = location === undefined ? problem.status : 302
  if (context.proxy === 'nginx') {
    headers['parapet-status'] = String(shown)
    if (location !== undefined) headers['parapet-location'] = location
    return { status: problem.status === 401 ? 401 : 403, headers, problem, shown }
  }
  if (location === undefined) return { status: shown, headers, problem, shown }
  return { status: shown, headers: { ...headers, location }, shown }
}
