import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from '../session/fixtures/run-probe.js'
import { stateByGet, type StateByGetFacts, type SignOutByGet, type WriteByGet } from './state-by-get.js'

describe('state-by-get, before a real server', () => {
  it('passes where only the declared method acts', async () => {
    expect(inShort(stateByGet, await runOn(stateByGet, []))).toEqual(['pass GET /notes', 'pass GET /api/notes', 'pass GET /sign-out'])
  })

  it('finds writes by GET, of forms and of JSON, and shows the link', async () => {
    const verdicts = await runOn(stateByGet, ['writes-by-get'])
    expect(inShort(stateByGet, verdicts)).toEqual(['fail high GET /notes', 'fail high GET /api/notes', 'pass GET /sign-out'])
    expect(verdicts[0]).toMatchObject({ evidence: [{ method: 'GET', url: expect.stringMatching(/^\/notes\?text=note\+ppt/) }, {}] })
  })

  it('finds a sign-out by GET, which is a nuisance', async () => {
    expect(inShort(stateByGet, await runOn(stateByGet, ['signs-out-by-get']))).toEqual([
      'pass GET /notes',
      'pass GET /api/notes',
      'fail low GET /sign-out',
    ])
  })

  it('passes nothing where not even the declared request acts', async () => {
    const verdicts = await runOn(stateByGet, ['forgets-writes'])
    expect(inShort(stateByGet, verdicts)).toEqual(['inconclusive GET /notes', 'inconclusive GET /api/notes', 'pass GET /sign-out'])
  })

  it('says what to declare where no effect can be seen', async () => {
    const target = {
      writes: [
        { name: 'blind', request: { path: '/notes', form: { text: '{{nonce}}' } } },
        { name: 'unmarked', request: { path: '/notes', form: {} }, shows: '/notes' },
      ],
    }
    const verdicts = await runOn(stateByGet, ['writes-by-get'], { target })
    expect(inShort(stateByGet, verdicts)).toEqual(['pass GET /sign-out', 'skipped writes'])
  })
})

const idle = (acted: boolean, seen = answered(200)): WriteByGet['gets'][number] => ({ way: 'its fields in the query', seen, acted })
const write = (more: Partial<WriteByGet>): StateByGetFacts => ({
  writes: [{ locator: 'GET /w', shows: '/w', declared: answered(303), acted: true, gets: [idle(false)], ...more }],
})
const out = (more: Partial<SignOutByGet>): StateByGetFacts => ({
  writes: [],
  signOut: {
    before: answered(200),
    get: answered(405, { url: '/out?x=1' }),
    between: answered(200),
    declared: answered(303),
    after: answered(303),
    ...more,
  },
})

describe('the judge of state-by-get', () => {
  it.each<[string, StateByGetFacts, string]>([
    ['the GET did nothing', write({}), 'pass GET /w'],
    ['the GET acted', write({ gets: [idle(true)] }), 'fail high GET /w'],
    ['the GET acted although it said 404', write({ gets: [idle(true, answered(404))] }), 'fail high GET /w'],
    ['neither acted', write({ acted: false }), 'inconclusive GET /w'],
    ['the GET was limited', write({ gets: [idle(false, answered(429))] }), 'inconclusive GET /w'],
    ['the GET gave no answer', write({ gets: [idle(false, SILENT)] }), 'error GET /w'],
  ])('%s', (_, facts, verdict) => {
    expect(inShort(stateByGet, stateByGet.judge(facts))).toEqual([verdict])
  })

  it.each<[string, StateByGetFacts, string]>([
    ['the GET signed nobody out', out({}), 'pass GET /out'],
    ['the GET signed out', out({ between: answered(303) }), 'fail low GET /out'],
    ['the declared one does not sign out either', out({ after: answered(200) }), 'inconclusive GET /out'],
    ['nobody was signed in', out({ before: answered(303) }), 'inconclusive GET /out'],
    ['an outage is no sign-out', out({ between: answered(500) }), 'inconclusive GET /out'],
    ['a limit is none', out({ between: answered(429) }), 'inconclusive GET /out'],
    ['no answer is none', out({ between: SILENT }), 'error GET /out'],
  ])('%s', (_, facts, verdict) => {
    expect(inShort(stateByGet, stateByGet.judge(facts))[0]).toEqual(verdict)
  })
})
