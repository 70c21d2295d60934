import { describe, expect, it } from 'vitest'
import { IN, LIMITED, OUT, SILENT, times } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { codeRace } from './code-race.js'

describe('one code in many sign-ins at once', () => {
  it('finds a check with time between looking and keeping', async () => {
    const [found] = await tryProbe(codeRace, { once: 'slowly', codeBudget: 0, addressLock: 0 })
    // the step is looked up before the pause, so that nearly all of them get in
    expect(found).toMatchObject({ verdict: 'fail', locator: 'second step', says: expect.stringMatching(/signed in \d+ times/) as string })
  }, 40_000)

  it('passes where one gets in', async () => {
    const [found] = await tryProbe(codeRace)
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('one got in, 19 were refused') as string })
  }, 40_000)

  it('says nothing where no second steps can be opened', async () => {
    expect(inShort(await tryProbe(codeRace, { open: 'session' }))).toEqual(['inconclusive second step'])
  })

  const table: readonly (readonly [string, object, string])[] = [
    ['fails when two get in', { begun: 20, ends: [IN, IN, ...times(18, OUT)], inside: 2 }, 'fail'],
    ['fails when two got in, though one was signed out again', { begun: 20, ends: [IN, IN, ...times(18, OUT)], inside: 1 }, 'fail'],
    ['passes when one gets in', { begun: 20, ends: [IN, ...times(19, OUT)], inside: 1 }, 'pass'],
    ['says nothing when none does', { begun: 20, ends: times(20, OUT), inside: 0 }, 'inconclusive'],
    ['says nothing when most were limited', { begun: 20, ends: [IN, OUT, ...times(18, LIMITED)], inside: 1 }, 'inconclusive'],
    ['says nothing when too few could be opened', { begun: 2, stuck: OUT, ends: [], inside: 0 }, 'inconclusive'],
    ['is an error when a first step got no answer', { begun: 2, stuck: SILENT, ends: [], inside: 0 }, 'error'],
    ['is an error when one of the race got no answer', { begun: 20, ends: [IN, SILENT, ...times(18, OUT)], inside: 1 }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(inShort(codeRace.judge(facts))).toEqual([`${verdict} second step`])
  })

  it('says when some of them were signed out again', () => {
    const [found] = codeRace.judge({ begun: 20, ends: [IN, IN, ...times(18, OUT)], inside: 1 })
    expect(found).toMatchObject({ says: expect.stringContaining('(1 of them were still signed in afterwards)') as string })
  })
})
