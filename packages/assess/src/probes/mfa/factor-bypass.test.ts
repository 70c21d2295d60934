import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { SECRET, TARGET } from '../sign-in/fixtures/accounts-app.js'
import { FACTOR, IN, OUT, SILENT, seen, silent } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { factorBypass } from './factor-bypass.js'

describe('the second step left out', () => {
  it('finds a session that begins before the code', async () => {
    const [found] = await tryProbe(factorBypass, { open: 'session' })
    expect(found).toMatchObject({ verdict: 'fail', locator: 'second step', says: expect.stringContaining('the password alone') as string })
    expect(found?.verdict === 'fail' && found.evidence.at(-1)).toMatchObject({ url: '/me', status: 200 })
  }, 40_000)

  it('finds a single page that forgets the second step', async () => {
    expect(inShort(await tryProbe(factorBypass, { open: 'page' }))).toEqual(['fail /documents'])
  }, 40_000)

  it('passes where nothing opens before the code', async () => {
    expect(inShort(await tryProbe(factorBypass))).toEqual(['pass /me', 'pass /documents'])
  }, 40_000)

  it('says nothing when the code of the target file is not taken', async () => {
    const mfa = [{ ...TARGET.accounts!.mfa![0]!, totp: 'ORSXG5BRGIZTINJWG44DSMA' }]
    expect(mfa[0]?.totp).not.toBe(SECRET)
    // refused once, then again with the next code: without a wait
    const [found] = await tryProbe(factorBypass, {}, { ...TARGET, accounts: { mfa } }, { sleep: async () => undefined })
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('totp') as string })
  }, 70_000)

  it('does not find what is no session: a proof that answers everybody', async () => {
    const server = await serve((_request, response) => void response.end('hello'))
    const context = testContext(TARGET, server.origin)
    await expect(factorBypass.collect(context)).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('signIn.proof') as string,
    })
    await context.close()
    await server.close()
  })

  const words = (text: string) => `<h1>${text}</h1>`
  const ok = (text: string) => seen({ method: 'GET', url: '/documents', status: 200, text: words(text) })
  const away = seen({ method: 'GET', url: '/documents', status: 303, headers: { location: '/sign-in' } })
  const full = ok('Quarterly figures of Northwind')
  const page = { path: '/documents', nobody: away, half: away, whole: full }
  const facts = (one: object) => ({ first: FACTOR, second: IN, pages: [{ ...page, ...one }] })
  const table: readonly (readonly [string, object, string])[] = [
    ['passes when the page stays closed', facts({}), 'pass /documents'],
    ['fails when it opens after the password', facts({ half: full }), 'fail /documents'],
    [
      'fails when a page for everybody shows more after the password',
      facts({ nobody: ok('Please sign in'), half: full }),
      'fail /documents',
    ],
    ['says nothing when the page asks for the code in its own place', facts({ half: ok('Six digits, please') }), 'inconclusive /documents'],
    ['says nothing when everybody sees the same', facts({ nobody: full, half: full }), 'inconclusive /documents'],
    [
      'passes when a page for everybody shows more only after both steps',
      facts({ nobody: ok('Please sign in'), half: ok('Please sign in') }),
      'pass /documents',
    ],
    ['says nothing when it never opens', facts({ whole: away }), 'inconclusive /documents'],
    ['says nothing when it was limited', facts({ half: seen({ status: 429 }) }), 'inconclusive /documents'],
    ['is an error when it was not answered', facts({ half: silent() }), 'error /documents'],
    ['says nothing when both steps do not sign in', { ...facts({ whole: undefined }), second: OUT }, 'inconclusive second step'],
    ['fails when the password signs in', { first: IN, pages: [] }, 'fail second step'],
    ['says nothing when the password is refused', { first: OUT, pages: [] }, 'inconclusive second step'],
    ['is an error when nothing answers', { first: SILENT, pages: [] }, 'error second step'],
  ]
  it.each(table)('%s', (_what, given, expected) => {
    expect(inShort(factorBypass.judge(given))).toEqual([expected])
  })
})
