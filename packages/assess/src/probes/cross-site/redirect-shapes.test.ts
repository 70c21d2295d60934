import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { cookieOf, type Seen as SeenRequest, serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import type { Target } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { inShort } from '../session/fixtures/run-probe.js'
import { openRedirect } from './open-redirect.js'

type Handler = (request: SeenRequest, response: ServerResponse) => void

const against = async (handler: Handler, target: Target): Promise<readonly ProbeVerdict[]> => {
  const app = await serve(handler)
  const context = testContext(target, app.origin)
  try {
    return openRedirect.judge(await openRedirect.collect(context))
  } finally {
    await context.close()
    await app.close()
  }
}

const OPEN: Target = { redirects: [{ path: '/go', parameter: 'to' }], pages: { open: ['/news'] } }
/** Only what can stand in a header: bytes as they came. */
const header = (text: string): string =>
  Buffer.from(
    Array.from(text)
      .filter((char) => char >= ' ')
      .join(''),
  ).toString('latin1')
const html = (response: ServerResponse, text: string): void =>
  void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text)
const leave = (response: ServerResponse, to: string): void => void response.writeHead(302, { location: header(to) }).end()

/** Applications that lead away, each by something else than the last. */
const FAULTY: readonly (readonly [string, (to: string, request: SeenRequest, response: ServerResponse) => void, string])[] = [
  ['Location', (to, _, response) => leave(response, to), 'an absolute URL'],
  [
    'a page with meta refresh',
    (to, _, response) =>
      html(response, `<meta http-equiv="refresh" content="0; url=${to.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">`),
    'an absolute URL',
  ],
  [
    'a script of the page',
    (to, _, response) => html(response, `<script>location.href = ${JSON.stringify(to).replaceAll('<', '\\u003c')}</script>`),
    'an absolute URL',
  ],
  ['a Refresh header', (to, _, response) => void response.writeHead(200, { refresh: `0; url=${header(to)}` }).end(), 'an absolute URL'],
  [
    'the origin glued to the value',
    (to, request, response) => leave(response, `http://${request.headers.host ?? ''}${to}`),
    'an at sign for the whole origin',
  ],
  [
    'a check of the beginning of the text',
    (to, request, response) =>
      leave(response, to.startsWith(`http://${(request.headers.host ?? '').split(':')[0] ?? ''}`) || /^\/[a-z]/.test(to) ? to : '/'),
    'the target',
  ],
  ['a check that two slashes are not there', (to, _, response) => leave(response, to.includes('//') ? '/' : to), 'a slash and a backslash'],
  [
    'a check of the text before a browser reads it',
    (to, _, response) =>
      leave(response, /^(?:\/\/|\/?\\|https?:|\s|[^/])/i.test(to) ? '/' : decodeURIComponent(to.replace(/%(?![\da-f]{2})/gi, ''))),
    'a tab between the slashes',
  ],
]

describe('open-redirect finds what leads away', () => {
  it.each(FAULTY)('by %s', async (_, go, trick) => {
    const verdicts = await against((request, response) => {
      if (request.path === '/go') return go(request.query.get('to') ?? '/', request, response)
      html(response, 'home')
    }, OPEN)
    expect(inShort(openRedirect, verdicts)).toEqual(['fail medium /go parameter to'])
    expect(JSON.stringify(verdicts)).toContain(trick)
  })

  it('over a second redirect of its own, behind a router that decodes', async () => {
    const verdicts = await against((request, response) => {
      const to = request.query.get('to') ?? '/'
      if (request.path === '/go') return leave(response, /^\/[a-z%]/.test(to) ? to : '/')
      // takes the encoded slash for a path that needs an ending
      if (/^\/%2f/i.test(request.path) && !request.path.endsWith('//')) return leave(response, decodeURIComponent(request.path))
      html(response, 'home')
    }, OPEN)
    expect(inShort(openRedirect, verdicts)).toEqual(['fail medium /go parameter to'])
    expect(JSON.stringify(verdicts)).toContain('"url":"/%2fparapet-probe.example/"')
  })

  it('where only who is signed in is sent on', async () => {
    const verdicts = await against(
      (request, response) => {
        if (request.path === '/sign-in') return void response.writeHead(303, { location: '/', 'set-cookie': 'sid=1; HttpOnly' }).end()
        if (cookieOf(request, 'sid') === undefined) return void response.writeHead(401).end()
        if (request.path === '/go') return leave(response, request.query.get('to') ?? '/')
        html(response, 'home')
      },
      {
        ...OPEN,
        accounts: { a: { name: 'a', password: 'b' } },
        signIn: { request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }, proof: '/me' },
      },
    )
    expect(inShort(openRedirect, verdicts)).toEqual(['fail medium /go parameter to signed in'])
  })
})

describe('open-redirect finds nothing', () => {
  it('where a page says where it will lead, and waits for a click', async () => {
    const verdicts = await against((request, response) => {
      const to = request.query.get('to') ?? '/'
      if (request.path !== '/go') return html(response, 'home')
      if (to === '/news') return leave(response, to)
      html(response, `<p>You leave this site: <a href="${to.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">go on</a>`)
    }, OPEN)
    expect(inShort(openRedirect, verdicts)).toEqual(['pass /go parameter to'])
  })

  it('after a sign-in whose page puts only good targets into its form, although the sign-in itself believes its form', async () => {
    const verdicts = await against(
      (request, response) => {
        const next = request.query.get('next') ?? '/'
        if (request.path === '/sign-in' && request.method === 'GET')
          return html(
            response,
            `<form method="post" action="/sign-in"><input type="hidden" name="next" value="${/^\/[a-z]+$/.test(next) ? next : '/'}"></form>`,
          )
        if (request.path === '/sign-in')
          return void response.writeHead(303, { location: header(request.form.get('next') ?? '/'), 'set-cookie': 'sid=1' }).end()
        if (cookieOf(request, 'sid') === undefined) return void response.writeHead(401).end()
        html(response, 'home')
      },
      {
        pages: { signedIn: ['/news'] },
        accounts: { a: { name: 'a', password: 'b' } },
        signIn: { page: '/sign-in', request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }, proof: '/me' },
        redirects: [{ path: '/sign-in', parameter: 'next', at: 'sign-in' }],
      },
    )
    expect(inShort(openRedirect, verdicts)).toEqual(['pass /sign-in parameter next after the sign-in'])
  })
})

describe('open-redirect finds a sign-in', () => {
  it.each<[string, 'query' | 'json']>([
    ['that reads the target from the address it is posted to', 'query'],
    ['that reads the target from its JSON', 'json'],
  ])('%s', async (_, where) => {
    const request =
      where === 'json'
        ? { path: '/sign-in', json: { name: '{{name}}', password: '{{password}}' } }
        : { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }
    const verdicts = await against(
      (sent, response) => {
        if (sent.path === '/sign-in' && sent.method === 'POST') {
          const next = where === 'query' ? sent.query.get('next') : (JSON.parse(sent.text) as { next?: string }).next
          return void response.writeHead(303, { location: header(next ?? '/'), 'set-cookie': 'sid=1' }).end()
        }
        if (sent.path === '/me' && cookieOf(sent, 'sid') === undefined) return void response.writeHead(401).end()
        return html(response, 'home')
      },
      {
        pages: { signedIn: ['/news'] },
        accounts: { a: { name: 'a', password: 'b' } },
        signIn: { request, proof: '/me' },
        redirects: [{ path: '/sign-in', parameter: 'next', at: 'sign-in' }],
      },
    )
    expect(inShort(openRedirect, verdicts)).toEqual(['fail medium /sign-in parameter next after the sign-in'])
  })
})
