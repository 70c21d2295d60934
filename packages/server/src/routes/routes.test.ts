import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type Json, type TestApp } from '../app/fixtures/test-app.js'
import { assertRouteMeta } from '../http/define-route.js'
import { PERMISSIONS } from '../http/permissions.js'
import { RATE_LIMITS } from '../http/rate-limits.js'
import { routes } from './index.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

const SPECIAL = ['public', 'signed-in', 'operator', 'local']
/** Open to strangers, each for a reason that stands in its route. */
const PUBLIC = [
  'acknowledgeByLink',
  'authorize',
  'beginPasskeySignIn',
  'enrolAgent',
  'finishReset',
  'finishSetup',
  'finishSignIn',
  'getHealth',
  'getOpenApi',
  'getPage',
  'getReadiness',
  'getReset',
  'getSetup',
  'showAcknowledge',
  'signIn',
  'signInWithPasskey',
]
/** Acts that need a sign-in of the last ten minutes, and whether a token with the scope does without. */
const DANGEROUS = {
  actOnSubject: 'exempt',
  beginPasskey: 'refuse',
  beginTotp: 'refuse',
  cancelReset: 'exempt',
  changeChannel: 'exempt',
  changePassword: 'refuse',
  changeRole: 'exempt',
  changeSource: 'exempt',
  confirmTotp: 'refuse',
  createChannel: 'exempt',
  createEnrolment: 'exempt',
  createOperator: 'exempt',
  createSource: 'exempt',
  createToken: 'exempt',
  liftDecisions: 'exempt',
  makeRecoveryCodes: 'refuse',
  registerPasskey: 'refuse',
  removeChannel: 'exempt',
  removeDemo: 'exempt',
  removeOperator: 'exempt',
  removePasskey: 'refuse',
  removeTotp: 'refuse',
  replaceRoutes: 'exempt',
  resetOperator: 'exempt',
  resetPolicyMode: 'exempt',
  setPolicyMode: 'exempt',
  startLockdown: 'exempt',
  startReset: 'exempt',
  switchRule: 'exempt',
} as const
/** All that opens to an operator who has to enrol a second factor first. */
const BEFORE_ENROLMENT = [
  'beginPasskey',
  'beginStepUp',
  'beginTotp',
  'confirmTotp',
  'getAccount',
  'getSession',
  'registerPasskey',
  'signOut',
  'stepUp',
]

const urlOf = (url: string): string => url.replace(/:(?:id|key)/, 'x').replace('/*', '/index.html')
const methodOf = (method: string | readonly string[]): string => [method].flat()[0] ?? 'GET'

describe('every route', () => {
  for (const route of routes) {
    it(`${route.id} declares permission, limit and audit`, () => {
      expect([...PERMISSIONS, ...SPECIAL]).toContain(route.permission)
      expect(Object.keys(RATE_LIMITS)).toContain(route.rateLimit)
      const reads = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD')
      const act = { action: expect.stringMatching(/^[a-z]+\.[a-z_]+$/), resource: expect.any(String) }
      const declared = reads ? 'none' : act
      expect({ audit: route.audit }).toMatchObject({ audit: declared })
    })
  }

  it('is public only where it has to be [ASVS 8.2.1, 8.3.1]', () => {
    expect(
      routes
        .filter(({ permission }) => permission === 'public')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(PUBLIC)
  })

  it('that is dangerous asks for a recent proof of who it is, and no other does [ASVS 7.5.1, 7.5.3]', () => {
    const declared = routes.filter(({ stepUp }) => stepUp !== undefined).map(({ id, stepUp }) => [id, stepUp?.tokens] as const)
    expect(Object.fromEntries(declared)).toEqual(DANGEROUS)
  })

  it('that changes who may sign in, or how, is either dangerous or public or ends something', () => {
    const harmless = ['beginStepUp', 'endOperatorSessions', 'endOtherSessions', 'endSession', 'renamePasskey', 'signOut', 'stepUp']
    const changing = routes.filter(
      ({ url, method, permission }) =>
        /^\/v1\/(?:account|operators|session|tokens|sources)/.test(url) && method !== 'GET' && permission !== 'public',
    )
    const open = changing.filter(({ stepUp }) => stepUp === undefined).map(({ id }) => id)
    expect(open.toSorted()).toEqual([...harmless, 'revokeToken'].toSorted())
  })

  it('is closed to who has to enrol a factor first, but for what that takes', () => {
    const open = routes.filter(({ beforeEnrolment }) => beforeEnrolment === true).map(({ id }) => id)
    expect(open.toSorted()).toEqual(BEFORE_ENROLMENT)
  })

  it('has an id and an address of its own', () => {
    expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length)
    expect(new Set(routes.map(({ method, url }) => `${String(method)} ${url}`)).size).toBe(routes.length)
  })

  it('has a folder of its own, and every folder is a route', () => {
    const folders = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('/route.ts'))
    expect(folders).toHaveLength(routes.length)
  })

  for (const route of routes.filter(({ permission }) => !['public', 'local'].includes(permission))) {
    it(`${route.id} refuses a stranger with 401 before it reads the body`, async () => {
      const answer = await t.call(methodOf(route.method), urlOf(route.url), {
        raw: methodOf(route.method) === 'GET' ? '' : '{not json',
        from: '203.0.113.50',
      })
      expect(answer.body).toMatchObject({ status: 401, code: 'PPT_UNAUTHENTICATED' })
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(answer.headers['content-type']).toContain('application/problem+json')
    })
  }

  for (const route of routes.filter(({ permission }) => !SPECIAL.includes(permission))) {
    it(`${route.id} refuses a token with every scope but its own`, async () => {
      const others = PERMISSIONS.filter((scope) => scope !== route.permission && scope !== 'events.write')
      const { token } = await t.makeToken(others)
      const answer = await t.call(methodOf(route.method), urlOf(route.url), { token })
      expect(answer.body).toMatchObject({ status: 403, code: 'PPT_FORBIDDEN', detail: `needs ${route.permission}` })
    })
  }

  for (const route of routes.filter(({ method, id }) => ![method].flat().includes('GET') && id !== 'ingestEvents')) {
    it(`${route.id} refuses a page of another site that rides on a cookie`, async () => {
      const { cookie } = await signedIn()
      for (const headers of [
        { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
        { 'sec-fetch-site': 'same-site', origin: 'http://localhost:9000' },
      ]) {
        const answer = await t.call(methodOf(route.method), urlOf(route.url), { cookie, headers, body: {} })
        expect(answer.body).toMatchObject({ status: 403, code: 'PPT_CSRF' })
      }
    })
  }
})

let operator: Promise<{ cookie: string }> | undefined
const signedIn = (): Promise<{ cookie: string }> => (operator ??= t.makeOperator('admin'))

describe('assertRouteMeta', () => {
  it('refuses a route that leaves one of them out, at start', () => {
    expect(() => assertRouteMeta('x', undefined, 'GET')).toThrow('permission, rateLimit, audit')
    expect(() => assertRouteMeta('x', { permission: 'public', rateLimit: 'read' }, 'GET')).toThrow('audit')
    expect(() => assertRouteMeta('x', { permission: 'public', rateLimit: 'read', audit: 'none' }, 'POST')).toThrow('not audited')
  })
})

describe('the reference', () => {
  it('is OpenAPI 3.1 and describes every route with its answers', async () => {
    const { status, body } = await t.call('GET', '/openapi.json')
    expect(status).toBe(200)
    expect(body.openapi).toBe('3.1.0')
    const operations = Object.values(body.paths as Record<string, Record<string, Json>>).flatMap((path) => Object.values(path))
    const ids = new Set(operations.map(({ operationId }) => operationId))
    for (const route of routes) expect(ids).toContain(route.id)
    for (const operation of operations) {
      expect(operation.summary).toEqual(expect.any(String))
      expect(Object.keys(operation.responses)).toContain('429')
    }
    expect(body.components.schemas.Problem.properties.code.enum).toContain('PPT_INVALID')
  })

  it('shows both forms of a batch and an example of an event', async () => {
    const { body } = await t.call('GET', '/openapi.json')
    expect(Object.keys(body.paths['/v1/events'].post.requestBody.content)).toEqual(['application/json', 'application/x-ndjson'])
    expect(JSON.stringify(body.components.schemas)).toContain('203.0.113.7')
  })

  it('resolves every reference it makes', async () => {
    const { body, text } = await t.call('GET', '/openapi.json')
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([\w-]+)"/g))
      expect(Object.keys(body.components.schemas)).toContain(name)
  })
})
