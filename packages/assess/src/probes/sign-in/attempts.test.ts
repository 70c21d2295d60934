import { systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import {
  assertProofTells,
  attempt,
  attemptCode,
  attemptShown,
  controlFailed,
  endText,
  nobodysName,
  ownerSignsIn,
  withHeaders,
  wrongPassword,
} from './attempts.js'
import { accountsApp, TARGET } from './fixtures/accounts-app.js'
import { FACTOR, IN, LIMITED, OUT, SILENT } from './fixtures/facts.js'

const random = { random: systemRandom }
const [account] = TARGET.accounts!.spare!
const [coded] = TARGET.accounts!.mfa!

describe('a try to sign in', () => {
  it('keeps what was answered to the password, and to the proof behind it', async () => {
    const app = await accountsApp()
    const context = testContext(TARGET, app.origin)
    const one = await attempt(context, context.client({ name: 'owner' }), account!)
    expect(one.end.kind).toBe('in')
    expect(one.answer).toMatchObject({ as: 'owner', method: 'POST', url: '/sign-in', status: 303 })
    expect(one.answer?.cookies.some((line) => line.startsWith('sid='))).toBe(true)
    expect(one.proof).toMatchObject({ method: 'GET', url: '/me', status: 200 })
    expect(one.tookMs).toBeGreaterThan(0)
    const wrong = await attempt(context, context.client(), account!, wrongPassword(context))
    expect([wrong.end, wrong.answer?.status, wrong.proof]).toEqual([{ kind: 'refused', status: 401 }, 401, undefined])
    await context.close()
    await app.close()
  })

  it('keeps no password of what was sent', async () => {
    const app = await accountsApp()
    const context = testContext(TARGET, app.origin)
    const facts = [await attempt(context, context.client(), account!), await attempt(context, context.client(), account!, 'Wrong-guess-1')]
    expect(JSON.stringify(facts)).not.toContain(account!.password)
    expect(JSON.stringify(facts)).not.toContain('Wrong-guess-1')
    await context.close()
    await app.close()
  })

  it('keeps what was answered to a code', async () => {
    const app = await accountsApp()
    const context = testContext(TARGET, app.origin)
    const visitor = context.client()
    expect((await attempt(context, visitor, coded!)).end.kind).toBe('factor')
    const one = await attemptCode(context, visitor, coded!, context.code(coded!))
    expect([one.end.kind, one.answer?.url]).toEqual(['in', '/sign-in/code'])
    await context.close()
    await app.close()
  })

  it('is no answer where none came, and the facts say why', async () => {
    const app = await accountsApp()
    const context = testContext(TARGET, app.origin)
    await app.close()
    const one = await attempt(context, context.client(), account!)
    expect(one.end.kind).toBe('no-answer')
    expect(attemptShown(one, 'the right password')[0]).toMatchObject({
      status: 0,
      note: expect.stringMatching(/^the right password: no answer/) as string,
    })
    await context.close()
  })

  it('does not take a target that breaks for one that refuses', async () => {
    const server = await serve((request, response) => void response.writeHead(request.path === '/me' ? 401 : 500).end('oops'))
    const context = testContext(TARGET, server.origin)
    const one = await attempt(context, context.client(), account!)
    expect(one.end).toEqual({ kind: 'no-answer', detail: 'the target failed with status 500' })
    expect(one.answer?.status).toBe(500)
    await context.close()
    await server.close()
  })

  it('sends further headers with every request of a visitor, and keeps his cookies', async () => {
    const seen: string[] = []
    const server = await serve((request, response) => {
      seen.push(`${String(request.headers['x-real-ip'])} ${request.headers.cookie ?? 'none'}`)
      response.writeHead(200, { 'set-cookie': 'a=1' }).end()
    })
    const context = testContext({}, server.origin)
    const visitor = withHeaders(context.client(), { 'x-real-ip': '240.1.2.3' })
    await visitor.send({ path: '/' })
    await visitor.send({ path: '/', headers: { 'x-real-ip': '240.4.5.6' } })
    expect(seen).toEqual(['240.1.2.3 none', '240.4.5.6 a=1'])
    await context.close()
    await server.close()
  })
})

describe('the control', () => {
  it('is a sign-in, where nobody was signed in before', async () => {
    const app = await accountsApp()
    const context = testContext(TARGET, app.origin)
    expect((await ownerSignsIn(context, account!)).end.kind).toBe('in')
    await context.close()
    await app.close()
  })

  it('refuses a proof that nobody passes as well, and asks for it once a run', async () => {
    let asked = 0
    const server = await serve((_request, response) => {
      asked++
      response.end('hello')
    })
    const context = testContext(TARGET, server.origin)
    for (let i = 0; i < 3; i++) await expect(assertProofTells(context)).rejects.toMatchObject({ name: 'Inconclusive' })
    expect(asked).toBe(1)
    await context.close()
    await server.close()
  })

  it('says what to check when it failed, and is an error when nothing answered', () => {
    expect(controlFailed('sign-in', IN)).toBeUndefined()
    expect(controlFailed('sign-in', FACTOR)).toBeUndefined()
    expect(controlFailed('sign-in', OUT)).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('refused, status 401') as string,
    })
    expect(controlFailed('sign-in', LIMITED)).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('limited, status 429') as string,
    })
    expect(controlFailed('sign-in', SILENT)).toMatchObject({ verdict: 'error', reason: expect.stringContaining('timed out') as string })
  })

  it('has words for each end', () => {
    expect([IN, FACTOR, OUT, LIMITED, SILENT].map(({ end }) => endText(end))).toEqual([
      'signed in',
      'asked for the second step',
      'refused, status 401',
      'limited, status 429',
      'no answer (timed out)',
    ])
  })
})

describe('made-up names and passwords', () => {
  it('a name that nobody has looks like one that somebody has', () => {
    const name = nobodysName(random, 'spare-12@app.example')
    expect(name).toMatch(/^q[\da-f]{7}@app\.example$/)
    expect(nobodysName(random, 'anna')).toMatch(/^q[\da-f]{5}$/)
    expect(nobodysName(random, 'anna')).not.toBe(nobodysName(random, 'anna'))
  })

  it('keeps the domain and a length within bounds, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (name) => {
        const made = nobodysName(random, name)
        const at = name.lastIndexOf('@')
        expect(made.endsWith(at < 0 ? '' : name.slice(at))).toBe(true)
        expect(made.length).toBeLessThanOrEqual(30 + name.length)
        expect(made).not.toBe(name)
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('a wrong password is never the same twice and passes rules of composition', () => {
    const all = Array.from({ length: 200 }, () => wrongPassword(random))
    expect(new Set(all).size).toBe(200)
    for (const one of all) expect(one).toMatch(/^Wrong-[\w-]{12}-1$/)
  })
})
