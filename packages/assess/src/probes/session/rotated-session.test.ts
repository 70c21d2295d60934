import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from './fixtures/run-probe.js'
import { LITTLE_TARGET } from './fixtures/little-app.js'
import { rotatedSession, type RotatedSessionFacts, type Rotation } from './rotated-session.js'

const AGAIN = 'cookie sid after sign-in again'
const STEP_UP = 'cookie sid after step-up'
/** the little application's grace is 100 ms */
const waits: number[] = []
const context = {
  sleep: async (ms: number): Promise<void> => {
    waits.push(ms)
    await new Promise((resolve) => setTimeout(resolve, 250))
  },
}

describe('rotated-session, before a real server', () => {
  it('passes where the old id is dead after its grace, and waits once for both ways', async () => {
    waits.length = 0
    expect(inShort(rotatedSession, await runOn(rotatedSession, [], { context }))).toEqual([`pass ${AGAIN}`, `pass ${STEP_UP}`])
    expect(waits).toEqual([2_100])
  })

  it('finds ids that live on', async () => {
    const verdicts = await runOn(rotatedSession, ['old-id-lives'], { context })
    expect(inShort(rotatedSession, verdicts)).toEqual([`fail medium ${AGAIN}`, `fail medium ${STEP_UP}`])
    expect(verdicts[0]).toMatchObject({
      says: 'The session id of before the sign-in again is still signed in 2.1 s after it was replaced.',
    })
  })

  it('finds a step-up that gives no new id, and waits for nothing there', async () => {
    const verdicts = await runOn(rotatedSession, ['step-up-keeps-id'], { context })
    expect(inShort(rotatedSession, verdicts)).toEqual([`pass ${AGAIN}`, `fail medium ${STEP_UP}`])
    expect(verdicts[1]).toMatchObject({
      evidence: [
        { url: '/step-up', status: 303 },
        { url: '/step-up', status: 401 },
      ],
    })
  })

  it('makes no finding of a step-up that is declared wrongly', async () => {
    const { signIn } = LITTLE_TARGET
    const target = signIn === undefined ? {} : { signIn: { ...signIn, again: { path: '/nowhere', form: {} } } }
    expect(inShort(rotatedSession, await runOn(rotatedSession, [], { context, target }))).toEqual([
      `pass ${AGAIN}`,
      `inconclusive ${STEP_UP}`,
    ])
  })

  it('never waits longer than 20 s, and says nothing of a declared grace beyond that', async () => {
    const { signIn } = LITTLE_TARGET
    const target = signIn === undefined ? {} : { signIn: { ...signIn, graceMs: 90_000 } }
    waits.length = 0
    const verdicts = await runOn(rotatedSession, ['old-id-lives'], { context, target })
    expect(waits).toEqual([20_000])
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive'])
  })
})

const sound: Rotation = { way: 'sign-in again', before: answered(200), changed: true, current: answered(200), old: answered(303) }
const facts = (more: Partial<Rotation>, rest: Partial<RotatedSessionFacts> = {}): RotatedSessionFacts => ({
  cookie: 'sid',
  nobody: answered(303),
  waitedMs: 12_000,
  rotations: [{ ...sound, ...more }],
  ...rest,
})
const unchanged: Partial<Rotation> = { way: 'step-up', changed: false, act: answered(303, { headers: { location: '/' } }) }

describe('the judge of rotated-session', () => {
  it.each<[string, RotatedSessionFacts, string]>([
    ['the old id is dead', facts({}), 'pass'],
    ['a replay that ends both is no fault: the new one was asked first', facts({ old: answered(401) }), 'pass'],
    ['the old id lives', facts({ old: answered(200) }), 'fail'],
    ['the old id lives, as declared', facts({ old: answered(200) }, { graceMs: 60_000 }), 'inconclusive'],
    ['the old id lives longer than declared', facts({ old: answered(200) }, { graceMs: 10_000 }), 'fail'],
    ['the old id never worked', facts({ before: answered(303) }), 'inconclusive'],
    ['the new session is gone as well', facts({ current: answered(303) }), 'inconclusive'],
    ['who is signed in gets no new session by signing in again', facts({ changed: false }), 'inconclusive'],
    ['step-up that worked and kept the id', facts({ ...unchanged, wrong: answered(401) }), 'fail'],
    [
      'step-up that leads elsewhere when it works, and kept the id',
      facts({ ...unchanged, wrong: answered(303, { headers: { location: '/x' } }) }),
      'fail',
    ],
    [
      'step-up that takes right and wrong alike',
      facts({ ...unchanged, wrong: answered(303, { headers: { location: '/' } }) }),
      'inconclusive',
    ],
    ['step-up that was refused', facts({ ...unchanged, act: answered(403), wrong: answered(401) }), 'inconclusive'],
    ['step-up that was limited', facts({ ...unchanged, act: answered(429), wrong: answered(401) }), 'inconclusive'],
    ['an outage at the end', facts({ old: answered(503) }), 'inconclusive'],
    ['no answer at the end', facts({ old: SILENT }), 'error'],
    ['proof opens for nobody', facts({ old: answered(200) }, { nobody: answered(200) }), 'inconclusive'],
  ])('%s', (_, given, verdict) => {
    expect(rotatedSession.judge(given).map((one) => one.verdict)).toEqual([verdict])
  })
})
