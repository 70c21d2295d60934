import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { TARGET } from './fixtures/accounts-app.js'
import { seen, silent } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'
import { weakPassword } from './weak-password.js'

const strict = (password: string, name: string): boolean => password.length >= 12 && password !== name
const lax = (password: string): boolean => password.length >= 4

describe('passwords that everybody guesses first', () => {
  it('finds a sign-up that refuses an empty one and nothing else', async () => {
    const [found] = await tryProbe(weakPassword, { policy: lax })
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: 'sign-up',
      says: expect.stringContaining('12345678, password, the name itself') as string,
    })
  })

  it('finds one that answers all alike, by the account that signs in', async () => {
    const [found] = await tryProbe(weakPassword, { signUpSignsIn: true })
    expect(found).toMatchObject({ verdict: 'fail', says: expect.stringContaining('signs in') as string })
  })

  it('finds one that takes the name itself', async () => {
    const [found] = await tryProbe(weakPassword, { policy: (password) => password.length >= 10 })
    expect(found).toMatchObject({ verdict: 'fail', says: expect.stringMatching(/^sign-up answers the name itself like/) as string })
  })

  it('passes where weak ones are refused and strong ones taken', async () => {
    expect(inShort(await tryProbe(weakPassword, { policy: strict }))).toEqual(['pass sign-up'])
    expect(inShort(await tryProbe(weakPassword, { policy: strict, signUpSignsIn: true }))).toEqual(['pass sign-up'])
  })

  it('passes where all are answered alike and only accounts with a good one sign in', async () => {
    expect(inShort(await tryProbe(weakPassword, { policy: strict, signUpSignsIn: true, signUpRefusal: false }))).toEqual(['pass sign-up'])
  })

  it('says nothing where all are answered alike and nothing is to be seen', async () => {
    expect(inShort(await tryProbe(weakPassword, { policy: strict, signUpRefusal: false }))).toEqual(['inconclusive sign-up'])
    expect(inShort(await tryProbe(weakPassword, {}))).toEqual(['inconclusive sign-up'])
  })

  it('does not find a sign-in that takes any password at all to be a matter of weak ones', async () => {
    const server = await serve((request, response) => {
      const inside = String(request.headers.cookie).includes('sid=')
      if (request.path === '/me') return void response.writeHead(inside ? 200 : 401).end()
      return void response.writeHead(200, { 'set-cookie': 'sid=1' }).end('hello')
    })
    const context = testContext(TARGET, server.origin)
    const facts: unknown = await weakPassword.collect(context)
    expect(inShort(weakPassword.judge(facts))).toEqual(['inconclusive sign-up'])
    await context.close()
    await server.close()
  })

  const choice = (what: string, text: string, more: object = {}) => ({
    what,
    answer: seen({ text, ...more }),
    typed: [],
    signsIn: 'unknown',
  })
  const good = [choice('a', 'sent'), choice('b', 'sent')]
  const weak = (text: string, more: object = {}) => [{ ...choice('12345678', text), ...more }]
  const table: readonly (readonly [string, object, string])[] = [
    [
      'fails when it is answered like a good one, and an empty one is not',
      { strong: good, weak: weak('sent'), none: choice('n', 'no', { status: 422 }) },
      'fail',
    ],
    ['fails when its account signs in', { strong: good, weak: weak('sent', { signsIn: true }), none: choice('n', 'sent') }, 'fail'],
    ['passes when it is answered otherwise', { strong: good, weak: weak('too weak'), none: choice('n', 'too weak') }, 'pass'],
    [
      'says nothing when good ones are refused',
      { strong: [choice('a', 'no', { status: 422 }), choice('b', 'no')], weak: weak('no'), none: choice('n', 'no') },
      'inconclusive',
    ],
    [
      'says nothing when good ones are answered differently',
      { strong: [choice('a', 'one'), choice('b', 'two')], weak: weak('one'), none: choice('n', 'no') },
      'inconclusive',
    ],
    [
      'says nothing when an empty one is answered alike, too',
      { strong: good, weak: weak('sent'), none: choice('n', 'sent') },
      'inconclusive',
    ],
    [
      'says nothing when it was limited',
      { strong: good, weak: [{ ...choice('w', ''), answer: seen({ status: 429 }) }], none: choice('n', '') },
      'inconclusive',
    ],
    ['is an error without an answer', { strong: good, weak: [{ ...choice('w', ''), answer: silent() }], none: choice('n', '') }, 'error'],
    ['is an error when it was broken off', { strong: [], weak: [], none: choice('n', '') }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(weakPassword.judge(facts).map((one) => one.verdict)).toEqual([verdict])
  })
})
