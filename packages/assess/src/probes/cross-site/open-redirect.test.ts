import { describe, expect, it } from 'vitest'
import { answered, factsOn, inShort, runOn, SILENT } from '../session/fixtures/run-probe.js'
import { openRedirect, type OpenRedirectFacts, type RedirectFacts, type RedirectTry } from './open-redirect.js'

const GO = '/go parameter to'
const NEXT = '/sign-in parameter next after the sign-in'

describe('open-redirect, before a real server', () => {
  it('passes where only paths of the target itself are followed', async () => {
    const verdicts = await runOn(openRedirect, [])
    expect(inShort(openRedirect, verdicts)).toEqual([`pass ${GO}`, `pass ${NEXT}`])
    expect(verdicts[0]).toMatchObject({ control: expect.stringMatching(/^\/notes was followed; [456]\d spellings/) })
  })

  it('finds a parameter that is followed anywhere', async () => {
    const verdicts = await runOn(openRedirect, ['redirects-anywhere'])
    expect(inShort(openRedirect, verdicts)).toEqual([`fail medium ${GO}`, `pass ${NEXT}`])
    expect(verdicts[0]).toMatchObject({ evidence: [{ headers: { location: 'https://parapet-probe.example/' } }, {}, {}, {}] })
  })

  it('finds a check by prefix, which a backslash gets around', async () => {
    const verdicts = await runOn(openRedirect, ['redirects-by-prefix'])
    expect(verdicts[0]).toMatchObject({ verdict: 'fail', says: expect.stringContaining('a slash and a backslash') })
  })

  it('finds a sign-in that leads anywhere, with an account that nobody else uses and few sign-ins', async () => {
    const { verdicts, seen } = await factsOn(openRedirect, ['next-anywhere'])
    expect(inShort(openRedirect, verdicts)).toEqual([`pass ${GO}`, `fail medium ${NEXT}`])
    expect(seen.filter((line) => line.startsWith('POST /sign-in')).length).toBeLessThanOrEqual(20)
    expect(seen.filter((line) => line === 'POST /sign-out').length).toBeGreaterThanOrEqual(10)
  })

  it('does not take a parameter that is not followed at all for a good one', async () => {
    const verdicts = await runOn(openRedirect, [], { target: { redirects: [{ path: '/', parameter: 'to' }] } })
    expect(verdicts[0]).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('was not followed either') })
  })
})

const led = (destination: RedirectTry['destination'], more: Partial<RedirectTry> = {}): RedirectTry => ({
  trick: 'no scheme',
  value: '//parapet-probe.example/',
  leads: 'site',
  seen: answered(302),
  by: 'Location',
  to: '//parapet-probe.example/',
  destination,
  ...more,
})
const facts = (tries: readonly RedirectTry[], more: Partial<RedirectFacts> = {}): OpenRedirectFacts => ({
  redirects: [{ path: '/go', parameter: 'to', at: 'open', honest: { target: '/me', followed: true, seen: answered(302) }, tries, ...more }],
})
const notFollowed = { honest: { target: '/me', followed: false, seen: answered(200) } }

describe('the judge of open-redirect', () => {
  it.each<[string, OpenRedirectFacts, string]>([
    ['everything led home', facts([led('home'), led('nowhere')]), 'pass'],
    ['one led away', facts([led('home'), led('away')]), 'fail medium'],
    ['a script of the page would run', facts([led('script')]), 'fail medium'],
    ['only another port of the host', facts([led('home'), led('near', { leads: 'near' })]), 'fail low'],
    ['both: the graver one counts', facts([led('near'), led('away')]), 'fail medium'],
    ['the honest path was not followed', facts([], notFollowed), 'inconclusive'],
    ['away although the honest path was not followed', facts([led('away')], notFollowed), 'fail medium'],
    ['a limit in between', facts([led('home'), led('nowhere', { seen: answered(429) })]), 'inconclusive'],
    ['most got no answer', facts([led('home'), led('nowhere', { seen: SILENT })]), 'error'],
    ['one in twenty got no answer', facts([...Array.from({ length: 20 }, () => led('home')), led('nowhere', { seen: SILENT })]), 'pass'],
    ['the honest path got no answer', facts([], { honest: { target: '/me', followed: false, seen: SILENT } }), 'error'],
  ])('%s', (_, given, verdict) => {
    expect(inShort(openRedirect, openRedirect.judge(given))).toEqual([`${verdict} ${GO}`])
  })

  it('says which spelling leads where, in texts that show what is invisible', () => {
    const [verdict] = openRedirect.judge(facts([led('away', { value: '/\t/x.example', to: '/\t/x.example' })]))
    expect(verdict).toMatchObject({ evidence: [{ note: String.raw`to="/\t/x.example" leads by Location to "/\t/x.example"` }] })
  })
})
