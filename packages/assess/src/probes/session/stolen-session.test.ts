import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from './fixtures/run-probe.js'
import { stolenSession, type StolenSessionFacts, type Theft } from './stolen-session.js'

const PHONE = 'GET /me with a copied cookie (phone)'
const SCRIPT = 'GET /me with a copied cookie (script)'

describe('stolen-session, before a real server', () => {
  it('passes where a copy is asked who it is', async () => {
    expect(inShort(stolenSession, await runOn(stolenSession, []))).toEqual([`pass ${PHONE}`, `pass ${SCRIPT}`])
  })

  it('finds a server that never looks', async () => {
    expect(inShort(stolenSession, await runOn(stolenSession, ['never-asks']))).toEqual([`fail medium ${PHONE}`, `fail medium ${SCRIPT}`])
  })

  it('makes no finding where the kit has one address: two changed traits may be an updated phone', async () => {
    const verdicts = await runOn(stolenSession, ['never-asks'], {
      target: { addresses: { kind: 'none' } },
      context: { manyAddresses: false },
    })
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive'])
  })
})

const sound: Theft = { program: 'phone', changed: ['network', 'program', 'language'], home: answered(200), away: answered(401) }
const facts = (theft: Partial<Theft>, nobody = answered(303)): StolenSessionFacts => ({ nobody, thefts: [{ ...sound, ...theft }] })

describe('the judge of stolen-session', () => {
  it.each<[string, StolenSessionFacts, string]>([
    ['401 is asked', facts({}), 'pass'],
    ['403 is asked', facts({ away: answered(403) }), 'pass'],
    ['a redirect to the step-up is asked', facts({ away: answered(303) }), 'pass'],
    ['answered as if nothing had happened', facts({ away: answered(200) }), 'fail'],
    ['only the network changed', facts({ away: answered(200), changed: ['network'] }), 'inconclusive'],
    ['only program and language changed', facts({ away: answered(200), changed: ['program', 'language'] }), 'inconclusive'],
    ['asked although little changed', facts({ changed: ['network'] }), 'pass'],
    ['the copy does not even work at home', facts({ home: answered(303) }), 'inconclusive'],
    ['an outage', facts({ away: answered(500) }), 'inconclusive'],
    ['a limit', facts({ away: answered(429) }), 'inconclusive'],
    ['no answer', facts({ away: SILENT }), 'error'],
    ['proof opens for nobody', facts({ away: answered(200) }, answered(200)), 'inconclusive'],
  ])('%s', (_, given, verdict) => {
    expect(stolenSession.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})
