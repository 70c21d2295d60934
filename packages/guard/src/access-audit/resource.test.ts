import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actionOf, looksSecret, outcomeOf, readPatterns, resourceOf } from './resource.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('the pattern that a framework matched', () => {
  it.each([
    // Express and Fastify, Hono, Koa; Next; OpenAPI
    ['/api/users/:id', '/api/users/7', 'users', '7'],
    ['/api/users/:id/roles/:role', '/api/users/7/roles/admin', 'roles', 'admin'],
    ['/api/users/:id/avatar', '/api/users/7/avatar', 'avatar', undefined],
    ['/api/users/[id]', '/api/users/7', 'users', '7'],
    ['/api/users/{userId}', '/api/users/7', 'users', '7'],
    ['/api/users/:id', '/api/users/%37', 'users', '7'],
    ['/api/users/:id', '/api/users/%e0%a4%a', 'users', '%e0%a4%a'],
    ['/:id', '/7', 'id', '7'],
    ['/:tenant/:id', '/acme/7', 'id', '7'],
    // Hono follows dots and then matches; Express takes two dots for the value of a parameter
    ['/api/documents/:id', `/api${'/.'.repeat(30)}/7/../documents/5`, 'documents', '5'],
    ['/api/documents/:id', `/api${'/.'.repeat(400)}/documents/5`, 'documents', '5'],
    ['/api/documents/:id', '/api/documents/7/%2E./5', 'documents', '5'],
    ['/api/documents/:id', '/api/x\\..\\documents/5', 'documents', '5'],
    ['/api/:kind/:id', '/api/../5', 'api', '5'],
  ] as const)('%s on %s is %s %s', (pattern, path, type, id) => {
    expect(resourceOf(path, pattern, [])).toEqual({ route: pattern, type, ...(id === undefined ? {} : { id }) })
  })

  it('without a parameter says no more than the path does', () => {
    expect(resourceOf('/api/users', '/api/users', [])).toEqual({ route: '/api/users', type: 'users' })
    expect(resourceOf('/api/users/7', '/api/*', [])).toMatchObject({ type: 'users', id: '7' })
  })

  it('of another shape than a path is not believed', () => {
    for (const odd of ['', 'users/:id', '*', '(.*)', '[object Object]']) expect(resourceOf('/api/users/7', odd, []).type).toBe('users')
  })
})

describe('configured patterns', () => {
  const patterns = readPatterns('p', ['/api/:kind', '/api/users/:user/keys/:key', '/api/reports/latest', '/api/users/me'])

  it.each([
    ['/api/users/anna/keys/k9', '/api/users/:user/keys/:key', 'keys', 'k9'],
    ['/api/reports/latest', '/api/reports/latest', 'latest', undefined],
    ['/api/users/me', '/api/users/me', 'me', undefined],
    ['/api/orders', '/api/:kind', 'api', 'orders'],
    ['/api/users/anna/keys', '/api/users/anna/keys', 'keys', undefined],
  ] as const)('%s is read by %s', (path, route, type, id) => {
    expect(resourceOf(path, undefined, patterns)).toEqual({ route, type, ...(id === undefined ? {} : { id }) })
  })

  it('come after what the framework knows', () => {
    expect(resourceOf('/api/users/me', '/api/users/:id', patterns)).toMatchObject({ route: '/api/users/:id', id: 'me' })
  })
})

describe('an id that is kept', () => {
  it('is one of a database, in any of the usual forms', () => {
    for (const id of [
      '0',
      '42',
      '18446744073709551615',
      'f47ac10b-58cc-4372-a567-0e02b2c3d479',
      'F47AC10B-58CC-4372-A567-0E02B2C3D479',
      '507f1f77bcf86cd799439011',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      'doc_8f3k2m9qd7',
      'annual-report-2026-final-version',
      'anna@example.org',
    ])
      expect([id, looksSecret(id)]).toEqual([id, false])
  })

  it('is none that signs in, unlocks or proves something', () => {
    for (const id of [
      'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
      'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N',
      'Xk9-2fQa_7LmNpRs3TuVwY8z',
      'd41d8cd98f00b204e9800998ecf8427e',
      '2ef7bde608ce5404e97d5f042f95f89f1c232871a1b2c3d4e5f60718293a4b5c',
      'a'.repeat(65),
    ])
      expect([id, looksSecret(id)]).toEqual([id, true])
  })

  it('is never one of 128 random bits in base64url', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 32 }), (bytes) => {
        // bytes of a real generator are no run of equal ones
        fc.pre(new Set(bytes).size > 12)
        expect(looksSecret(Buffer.from(bytes).toString('base64url'))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('never leaves through the route either', () => {
    fc.assert(
      fc.property(fc.constantFrom('/api/links/', '/api/v1/a/b/', '/'), (start) => {
        const secret = 'Xk9-2fQa_7LmNpRs3TuVwY8z'
        expect(JSON.stringify(resourceOf(`${start}${secret}`, undefined, []))).not.toContain(secret)
        expect(JSON.stringify(resourceOf(`${start}${secret}/more`, undefined, []))).not.toContain(secret)
      }),
    )
  })
})

describe('guesses', () => {
  it.each([
    ['/api/v2/users', 'users', undefined],
    ['/api/v2', 'api', undefined],
    ['/api/users/7/', 'users', '7'],
    ['//api//users//7', 'users', '7'],
    ['/api/users/7/roles/3', 'roles', '3'],
    ['/api/search', 'search', undefined],
  ] as const)('%s is %s %s', (path, type, id) => {
    expect(resourceOf(path, undefined, [])).toMatchObject({ type, ...(id === undefined ? {} : { id }) })
  })

  it('give every path of one kind the same route, so that it can be counted', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(resourceOf(`/api/users/${a}/roles/${b}`, undefined, []).route).toBe('/api/users/:id/roles/:id')
      }),
    )
  })
})

describe('methods and statuses', () => {
  it('only reading is a view, whatever is written in another case', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'QUERY']) expect(actionOf(method, true)).toBe('view')
    for (const method of ['get', 'PATCH', 'PUT', 'MOVE', '', '__proto__']) expect(actionOf(method, true)).toBe('edit')
  })

  it('no status of 400 or more is a success, and none below it a failure', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.boolean(), (status, refused) => {
        const outcome = outcomeOf(status, refused)
        expect(outcome === 'success').toBe(status < 400 && !refused)
        expect(refused ? outcome : 'refused').toBe('refused')
      }),
    )
  })
})

describe('public ids of the application', () => {
  const doc = 'doc_t3vn9mdef8dekpccrn5qyz0ka6v73aq0'
  const types = new Set(['doc'])

  it('are kept, so that the record says which thing it was', () => {
    expect(resourceOf(`/documents/${doc}`, '/documents/:id', [], types)).toMatchObject({ type: 'documents', id: doc })
    expect(resourceOf(`/documents/${doc}`, undefined, [], types)).toMatchObject({ type: 'documents', id: doc })
  })

  it('are told from secrets of a like form', () => {
    for (const text of [doc.replace('doc', 'key'), `doc_${'Ab1'.repeat(14)}`, `doc_${'a1'.repeat(40)}`, doc.slice(4), `x${doc}`])
      expect(resourceOf(`/documents/${text}`, '/documents/:id', [], types).id).toBe('***')
    expect(resourceOf(`/documents/${doc}`, '/documents/:id', []).id).toBe('***')
  })
})
