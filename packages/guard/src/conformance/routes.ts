import { ParapetError } from '@parapet/core'
import type { Guard } from '../app/types.js'
import { publicError } from '../errors/public.js'
import type { ConformanceOutput, ConformanceRoute } from './types.js'

/** What an error of the suite holds and nobody may ever see. */
export const SECRETS = ['hunter2-in-a-message', 'postgres-password-9', 'tok_live_5f3a', 'src/secret-place'] as const

const PASSWORDS: ReadonlyMap<string, string> = new Map([
  ['anna', 'right'],
  ['bert', 'right'],
])

const fail = (kind: string): never => {
  if (kind === 'public') throw publicError(409, 'This name is taken', { code: 'NAME_TAKEN', cause: new Error(SECRETS[0]) })
  if (kind === 'parapet') throw new ParapetError('PPT_INVALID', 'name: at most 40 characters', { cause: new Error(SECRETS[0]) })
  // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- what applications do
  if (kind === 'string') throw `password=${SECRETS[0]}`
  // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- what applications do
  if (kind === 'null') throw null
  throw new Error(`cannot read ${SECRETS[3]}: password=${SECRETS[0]}`, {
    cause: new Error(`connect postgres://app:${SECRETS[1]}@db/x, Authorization: Bearer ${SECRETS[2]}`),
  })
}

const slowly = async function* (): AsyncIterable<string> {
  yield 'first '
  await new Promise((resolve) => setTimeout(resolve, 150))
  yield 'second'
}

const cookies = (list: readonly string[]): (readonly [string, string])[] => list.map((cookie) => ['Set-Cookie', cookie])

/** The application of the suite: a sign-in, sessions, things that change, things that fail. */
export const sampleRoutes = (guard: Guard, change: () => void): readonly ConformanceRoute[] => {
  const changed = (): ConformanceOutput => {
    change()
    return { body: 'changed' }
  }
  return [
    { method: 'GET', path: '/hello', handle: () => ({ body: 'hello' }) },
    { method: 'GET', path: '/nonce', handle: ({ nonce, context }) => ({ body: `${nonce} ${context.nonce}` }) },
    { method: 'GET', path: '/items/:id', handle: ({ id }) => ({ body: `item ${id}` }) },
    {
      method: 'GET',
      path: '/whoami',
      handle: async ({ context }) => {
        // requests that overlap must not see each other's
        await new Promise((resolve) => setTimeout(resolve, 5))
        return {
          headers: [['Content-Type', 'application/json']],
          body: JSON.stringify({
            id: context.id,
            client: context.client.kind === 'known' ? context.client.address : context.client.reason,
            key: context.client.kind === 'known' ? context.client.key : '',
            subject: context.session.kind === 'active' ? context.session.session.subject : context.session.kind,
            data: context.session.kind === 'active' ? context.session.session.data : null,
          }),
        }
      },
    },
    ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method): ConformanceRoute => ({ method, path: '/change', handle: changed })),
    { method: 'GET', path: '/socket', handle: changed },
    {
      method: 'OPTIONS',
      path: '/change',
      handle: () => ({ status: 204, headers: [['Access-Control-Allow-Origin', 'https://partner.example']], body: '' }),
    },
    {
      method: 'POST',
      path: '/login',
      handle: async ({ request, body }) => {
        const form = new URLSearchParams(body)
        const name = form.get('name') ?? ''
        const verdict = await guard.login.attempt({ subject: name, method: 'password', request }, async () =>
          PASSWORDS.get(name) === form.get('password') ? { id: name } : undefined,
        )
        if (verdict.kind === 'reset_required') return { status: 403, body: 'set a new password' }
        if (verdict.kind !== 'ok') return { status: verdict.kind === 'degraded' ? 503 : 401, body: 'The name or the password is wrong' }
        const started = await guard.sessions.start(verdict.value.id, { theme: 'dark' }, request)
        const own = started.kind === 'started' ? [started.cookie] : []
        return { headers: cookies([...own, ...verdict.cookies]), body: 'welcome' }
      },
    },
    {
      method: 'POST',
      path: '/rotate',
      handle: async ({ request }) => {
        const rotated = await guard.sessions.rotate(request)
        return { headers: rotated.kind === 'started' ? cookies([rotated.cookie]) : [], body: rotated.kind }
      },
    },
    {
      method: 'POST',
      path: '/logout',
      handle: async ({ request }) => {
        const ended = await guard.sessions.end(request)
        return { headers: ended.headers, body: ended.kind }
      },
    },
    { method: 'GET', path: '/throw', handle: ({ query }) => fail(query) },
    {
      method: 'POST',
      path: '/throw',
      handle: async ({ query }) => {
        await new Promise((resolve) => setImmediate(resolve))
        return fail(query)
      },
    },
    {
      method: 'GET',
      path: '/cookies',
      handle: () => ({
        headers: [
          ['Set-Cookie', 'theme=dark; Path=/'],
          ['Set-Cookie', 'lang=en; Path=/'],
          ['Vary', 'Accept-Language'],
        ],
        body: 'two',
      }),
    },
    { method: 'GET', path: '/records/text', handle: () => ({ body: 'hello' }) },
    { method: 'GET', path: '/records/stream', handle: () => ({ headers: [['Content-Type', 'text/plain']], body: slowly() }) },
    { method: 'GET', path: '/stream', handle: () => ({ headers: [['Content-Type', 'text/plain']], body: slowly() }) },
    {
      method: 'GET',
      path: '/never',
      handle: async () => {
        await new Promise((resolve) => setTimeout(resolve, 3_000).unref())
        return { body: 'late' }
      },
    },
    { method: 'GET', path: '/away', handle: () => ({ status: 302, headers: [['Location', '/hello']], body: '' }) },
  ]
}
