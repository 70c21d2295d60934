import { afterEach, describe, expect, it } from 'vitest'
import { serve } from '../fixtures/serve.js'
import { testContext } from '../fixtures/test-context.js'
import { changedSince, checkHealth, type Health } from './health.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

type Answer = { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

/** The health of a target that gives this answer. */
const healthOf = async ({ status = 200, headers = {}, body = '<title>Shop</title>' }: Answer = {}): Promise<Health> => {
  const server = await serve((_request, response) => void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body))
  const context = testContext({}, server.origin)
  open.push(context, server)
  return checkHealth(context.client(), '/', [server.origin, 'https://app.example'])
}

describe('a target is well', () => {
  it.each<[string, Answer]>([
    ['with a page', {}],
    ['with a page that asks to sign in', { status: 401 }],
    ['with a page that is not there', { status: 404 }],
    ['with a way to another of its pages', { status: 303, headers: { location: '/sign-in' } }],
    ['with a way to where browsers reach it', { status: 302, headers: { location: 'https://app.example/' } }],
    ['with a location that is no redirect', { status: 201, headers: { location: 'https://elsewhere.example/' } }],
  ])('%s', async (_name, answer) => {
    expect((await healthOf(answer)).kind).toBe('well')
  })
})

describe('a target is not well, and the reason says what to do', () => {
  it.each<[string, Answer, RegExp]>([
    ['when it limits', { status: 429 }, /lift its limits/],
    ['when it fails', { status: 500 }, /500/],
    ['when it is down for maintenance', { status: 503 }, /503/],
    [
      'when it leads elsewhere',
      { status: 302, headers: { location: 'https://elsewhere.example/' } },
      /attack the origin that answers itself/,
    ],
    ['when it leads elsewhere without a scheme', { status: 302, headers: { location: '//elsewhere.example/' } }, /another origin/],
    ['when it leads nowhere', { status: 302, headers: { location: 'http://[' } }, /an address that is none/],
    ['when its page has no end', { body: 'x'.repeat(2_000_000) }, /smaller page first in pages\.open/],
  ])('%s', async (_name, answer, says) => {
    const health = await healthOf(answer)
    expect(health).toMatchObject({ kind: 'unwell', reason: expect.stringMatching(says) })
  })
})

describe('a target has changed', () => {
  it.each<[string, Answer, string | undefined]>([
    ['not, with another text and another nonce', { body: '<TITLE >Shop</title><p nonce=abc>another' }, undefined],
    ['with another title', { body: '<title>Maintenance</title>' }, 'title'],
    ['with another status', { status: 404 }, 'status'],
    ['with another version of its server', { headers: { server: 'nginx/1.2' } }, 'server'],
    ['with another framework', { headers: { 'x-powered-by': 'PHP' } }, 'poweredBy'],
    ['with another kind of page', { headers: { 'content-type': 'application/json' } }, 'type'],
  ])('%s', async (_name, answer, what) => {
    const changed = changedSince(await healthOf(), await healthOf(answer))
    expect(changed?.includes(`(${what} differ)`) ?? what).toBe(what === undefined ? undefined : true)
  })

  it('when it is not well any more', async () => {
    expect(changedSince(await healthOf(), await healthOf({ status: 500 }))).toContain('500')
  })
})
