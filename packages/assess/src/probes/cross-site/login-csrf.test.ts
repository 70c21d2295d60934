import { needs } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { inShort, runOn } from '../session/fixtures/run-probe.js'
import { sharedChromium } from './fixtures/chromium.js'
import { type ForcedEntry, loginCsrf, type LoginCsrfFacts } from './login-csrf.js'

const { ok, note } = needs('chromium')
const chromium = sharedChromium()
const context = { browser: chromium.browser }
afterAll(chromium.close)

describe.skipIf(!ok)(`login-csrf, from another site in Chromium${note}`, { timeout: 120_000 }, () => {
  it('passes where the sign-in looks at where a request comes from', async () => {
    expect(inShort(loginCsrf, await runOn(loginCsrf, [], { context }))).toEqual(['pass POST /sign-in'])
  })

  it('finds a sign-in that takes forms of other sites', async () => {
    const verdicts = await runOn(loginCsrf, ['no-csrf-check'], { context })
    expect(inShort(loginCsrf, verdicts)).toEqual(['fail medium POST /sign-in'])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('by a form') })
  })

  it('passes nothing where the sign-in is limited', async () => {
    expect(inShort(loginCsrf, await runOn(loginCsrf, ['limits'], { context }))).toEqual(['inconclusive POST /sign-in'])
  })
})

const tried = (more: Partial<ForcedEntry> = {}): ForcedEntry => ({ way: 'a form', status: 403, inBefore: false, inAfter: false, ...more })
const facts = (forced: readonly ForcedEntry[], home: LoginCsrfFacts['home'] = 'in'): LoginCsrfFacts => ({ path: '/sign-in', home, forced })

describe('the judge of login-csrf', () => {
  it.each<[string, LoginCsrfFacts, string]>([
    ['nobody was signed in', facts([tried()]), 'pass'],
    ['somebody was', facts([tried(), tried({ status: 303, inAfter: true })]), 'fail'],
    ['somebody was before: that is no finding', facts([tried({ inBefore: true, inAfter: true })]), 'inconclusive'],
    ['nobody knows afterwards', facts([tried({ inAfter: 'no-answer' })]), 'inconclusive'],
    ['nobody knows before', facts([tried({ inBefore: 'no-answer' })]), 'inconclusive'],
    ['a limit', facts([tried({ status: 429 })]), 'inconclusive'],
    ['one way got no answer in time', facts([tried(), tried({ status: 0, unclear: true })]), 'inconclusive'],
    ['one way was stopped by the browser itself', facts([tried(), tried({ status: 0 })]), 'pass'],
    ['Chromium never reached the target', facts([tried({ status: 0 })]), 'inconclusive'],
    ['signing in at home was refused', facts([], 'refused'), 'inconclusive'],
    ['signing in at home was limited', facts([], 'limited'), 'inconclusive'],
  ])('%s', (_, given, verdict) => {
    expect(loginCsrf.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})
