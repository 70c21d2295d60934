import { describe, expect, it } from 'vitest'
import { FACTOR, IN, LIMITED, OUT, SILENT } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { codeReplay } from './code-replay.js'

describe('a code used twice', () => {
  it('finds a second step that takes it again', async () => {
    const [found] = await tryProbe(codeReplay, { once: 'never' })
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: 'second step',
      says: expect.stringContaining('signed in somebody else') as string,
    })
    expect(found?.verdict === 'fail' && found.evidence.map((one) => one.as)).toEqual(['owner', 'thief'])
  }, 40_000)

  it('passes where it is used up', async () => {
    expect(inShort(await tryProbe(codeReplay))).toEqual(['pass second step'])
    expect(inShort(await tryProbe(codeReplay, { skew: 0 }))).toEqual(['pass second step'])
  }, 40_000)

  const begun = [FACTOR, FACTOR]
  const table: readonly (readonly [string, object, string])[] = [
    ['fails when both get in', { begun, first: IN, second: IN, inTime: true }, 'fail'],
    ['fails when both get in, though the period ended', { begun, first: IN, second: IN, inTime: false }, 'fail'],
    ['passes when the second is refused', { begun, first: IN, second: OUT, inTime: true }, 'pass'],
    ['says nothing when the code had run out by then', { begun, first: IN, second: OUT, inTime: false }, 'inconclusive'],
    ['says nothing when the second was limited', { begun, first: IN, second: LIMITED, inTime: true }, 'inconclusive'],
    ['says nothing when the first was refused', { begun, first: OUT, second: OUT, inTime: true }, 'inconclusive'],
    ['says nothing when there was no second step', { begun: [FACTOR, OUT], inTime: true }, 'inconclusive'],
    ['says nothing when it was broken off', { begun, inTime: true }, 'inconclusive'],
    ['is an error when a first step got no answer', { begun: [SILENT, FACTOR], inTime: true }, 'error'],
    ['is an error when the second use got no answer', { begun, first: IN, second: SILENT, inTime: true }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(inShort(codeReplay.judge(facts))).toEqual([`${verdict} second step`])
  })
})
