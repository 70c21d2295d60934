import { describe, expect, it } from 'vitest'
import { fixation, type FixationFacts, type FixationTry } from './fixation.js'
import { factsOn, answered, inShort, runOn, SILENT } from './fixtures/run-probe.js'

describe('fixation, before a real server', () => {
  it('passes where each sign-in makes an id of its own, and says by what it would have known', async () => {
    const verdicts = await runOn(fixation, [])
    expect(inShort(fixation, verdicts)).toEqual(['pass cookie sid'])
    expect(verdicts[0]).toMatchObject({ control: expect.stringContaining('made up, carried') })
  })

  it('finds a server that signs in under the id it gave before', async () => {
    const verdicts = await runOn(fixation, ['keeps-id'])
    expect(inShort(fixation, verdicts)).toEqual(['fail medium cookie sid'])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('that the server gave before the sign-in') })
  })

  it('finds a server that takes an id which an attacker made up', async () => {
    const verdicts = await runOn(fixation, ['adopts-id'])
    expect(inShort(fixation, verdicts)).toEqual(['fail medium cookie sid'])
    expect(verdicts[0]).toMatchObject({ says: expect.stringContaining('that an attacker made up and planted') })
  })

  it('keeps no session id in its facts', async () => {
    const { facts, seen } = await factsOn(fixation, ['keeps-id'])
    expect(seen.length).toBeGreaterThan(5)
    expect(JSON.stringify(facts)).not.toMatch(/[\da-f]{32}/)
  })

  it('does not make do without the second account', async () => {
    const { accounts } = { accounts: { a: { name: 'anna', password: 'pw-of-anna' } } }
    const verdicts = await runOn(fixation, [], { target: { accounts } })
    expect(verdicts[0]).toMatchObject({ verdict: 'pass', control: expect.stringContaining('1 times') })
  })

  it('says what to check when the declared cookie is never set', async () => {
    const target = {
      signIn: { request: { path: '/sign-in', form: { name: '{{name}}', password: '{{password}}' } }, proof: '/me', cookie: 'other' },
    }
    await expect(runOn(fixation, [], { target })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('signIn.cookie'),
    })
  })
})

const sound: FixationTry = { way: 'made up', kept: false, victim: answered(200), attacker: answered(303) }
const facts = (more: Partial<FixationFacts> = {}): FixationFacts => ({ cookie: 'sid', nobody: answered(303), tries: [sound], ...more })

describe('the judge of fixation', () => {
  it.each<[string, FixationFacts, string]>([
    ['an id of before that opens nothing', facts(), 'pass'],
    ['the known id is signed in', facts({ tries: [{ ...sound, attacker: answered(200) }] }), 'fail'],
    ['both ids are signed in, the old one and the new one', facts({ tries: [{ ...sound, kept: false, attacker: answered(204) }] }), 'fail'],
    [
      'a second account goes on under the id of the first',
      facts({ tries: [{ way: 'carried', kept: true, victim: answered(200) }] }),
      'fail',
    ],
    ['the attacker keeps a session of his own', facts({ tries: [{ way: 'carried', kept: false, victim: answered(200) }] }), 'pass'],
    [
      'the id stayed and the victim is not signed in',
      facts({ tries: [{ way: 'carried', kept: true, victim: answered(303) }] }),
      'inconclusive',
    ],
    ['a limit in between', facts({ tries: [{ ...sound, attacker: answered(429) }] }), 'inconclusive'],
    ['an outage in between', facts({ tries: [{ ...sound, attacker: answered(500) }] }), 'inconclusive'],
    ['no answer', facts({ tries: [{ ...sound, victim: SILENT }] }), 'error'],
    [
      'one way found although another was limited',
      facts({
        tries: [
          { ...sound, attacker: answered(429) },
          { ...sound, attacker: answered(200) },
        ],
      }),
      'fail',
    ],
    ['proof opens for nobody', facts({ nobody: answered(200), tries: [{ ...sound, attacker: answered(200) }] }), 'inconclusive'],
    ['nothing was tried', facts({ tries: [] }), 'inconclusive'],
  ])('%s', (_, given, verdict) => {
    expect(fixation.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})
