import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { enumerationReset } from './enumeration-reset.js'
import { TARGET } from './fixtures/accounts-app.js'
import { seen, silent, times } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'

describe('a name that exists and one that does not, at reset and sign-up', () => {
  it('finds a reset that says “no such account”', async () => {
    expect(inShort(await tryProbe(enumerationReset, { resetTells: true }))).toEqual(['fail reset', 'pass sign-up'])
  })

  it('finds a sign-up that says “this name is taken”', async () => {
    const found = await tryProbe(enumerationReset, { signUpTells: true })
    expect(inShort(found)).toEqual(['pass reset', 'fail sign-up'])
    expect(found[1]).toMatchObject({ says: expect.stringContaining('status 409') as string })
  })

  it('passes where both say that a mail was sent', async () => {
    expect(inShort(await tryProbe(enumerationReset))).toEqual(['pass reset', 'pass sign-up'])
  })

  it('says what to declare when neither is', async () => {
    const { reset: _reset, signUp: _signUp, ...target } = TARGET
    const found = await tryProbe(enumerationReset, {}, target)
    expect(inShort(found)).toEqual(['skipped reset', 'skipped sign-up'])
    expect(JSON.stringify(found)).toContain('add it to the target file')
    const { signUp: _other, ...withReset } = TARGET
    expect(inShort(await tryProbe(enumerationReset, {}, withReset))).toEqual(['pass reset', 'skipped sign-up'])
  })

  it('says nothing of a target that takes anything anywhere', async () => {
    const server = await serve((_request, response) => void response.end('hello'))
    const context = testContext(TARGET, server.origin)
    const facts = await enumerationReset.collect(context)
    expect(inShort(enumerationReset.judge(facts))).toEqual(['inconclusive reset', 'inconclusive sign-up'])
    await context.close()
    await server.close()
  })

  const sent = seen({ text: 'sent' })
  const asked = { locator: 'reset', known: times(3, sent), unknown: times(3, sent), typed: [], nowhere: seen({ status: 404 }) }
  const table: readonly (readonly [string, object, string])[] = [
    ['passes for equal answers', asked, 'pass'],
    ['fails for another text', { ...asked, unknown: times(3, seen({ text: 'no such account' })) }, 'fail'],
    ['fails for another status', { ...asked, unknown: times(3, seen({ status: 404 })) }, 'fail'],
    [
      'says nothing when every request is refused alike',
      { ...asked, known: times(3, seen({ status: 403 })), unknown: times(3, seen({ status: 403 })) },
      'inconclusive',
    ],
    [
      'says nothing when every request is limited',
      { ...asked, known: times(3, seen({ status: 429 })), unknown: times(3, seen({ status: 429 })) },
      'inconclusive',
    ],
    ['says nothing when no such page answers likewise', { ...asked, nowhere: sent }, 'inconclusive'],
    ['is an error without an answer', { ...asked, known: [sent, silent(), sent] }, 'error'],
  ]
  it.each(table)('%s', (_what, place, verdict) => {
    expect(enumerationReset.judge({ asked: [place], undeclared: [] }).map((one) => one.verdict)).toEqual([verdict])
  })
})
