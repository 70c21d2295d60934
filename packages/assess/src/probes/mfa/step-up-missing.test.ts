import { describe, expect, it } from 'vitest'
import { TARGET } from '../sign-in/fixtures/accounts-app.js'
import { seen, silent } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { stepUpMissing } from './step-up-missing.js'

const aged = { ...TARGET, stepUpSeconds: 1 }
const PLACE = 'POST /admin/role'

describe('a dangerous act with an old sign-in', () => {
  it('finds one that is done however old the sign-in is', async () => {
    const [found] = await tryProbe(stepUpMissing, {}, aged)
    expect(found).toMatchObject({ verdict: 'fail', locator: PLACE, says: expect.stringContaining('1 s ago') as string })
    expect(found?.verdict === 'fail' && found.evidence.map(({ note }) => note)).toEqual([
      'nobody',
      'right after the sign-in',
      '1 s later, without a new proof',
    ])
  })

  it('passes where it asks again after a while', async () => {
    const [found] = await tryProbe(stepUpMissing, { freshMs: 700 }, aged)
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('a new proof was asked for') as string })
  })

  it('passes where it asks even right after the sign-in', async () => {
    const [found] = await tryProbe(stepUpMissing, { freshMs: -1 }, aged)
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('even right after') as string })
  })

  it('is no fault that it is done right after the sign-in: it says what to declare', async () => {
    const [found] = await tryProbe(stepUpMissing)
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('declare stepUpSeconds') as string })
  })

  it('does not wait longer than a probe may', async () => {
    const began = performance.now()
    const [found] = await tryProbe(stepUpMissing, {}, { ...TARGET, stepUpSeconds: 600 })
    expect(found).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('600 s is longer than the 45 s') as string })
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('says nothing of an act that the administrator may not do', async () => {
    const [found] = await tryProbe(stepUpMissing, {}, { ...aged, accounts: { admin: TARGET.accounts!.a! } })
    expect(found?.verdict).toBe('inconclusive')
  })

  const done = seen({ status: 303, headers: { location: '/admin?saved=1' } })
  const away = seen({ status: 303, headers: { location: '/sign-in' } })
  const asking = seen({ status: 303, headers: { location: '/step-up' } })
  const act = { locator: PLACE, nobody: away, fresh: { seen: done, asks: false }, late: { seen: done, asks: false }, stillIn: true }
  const late = (one: object, asks = false) => ({ late: { seen: one, asks } })
  const table: readonly (readonly [string, object, string])[] = [
    ['fails when it is done again', act, 'fail'],
    ['passes when it asks', { ...act, ...late(asking, true) }, 'pass'],
    ['passes when it is refused with 403', { ...act, ...late(seen({ status: 403 })) }, 'pass'],
    ['passes when it asks in its own place', { ...act, ...late(seen({ status: 200 }), true) }, 'pass'],
    ['says nothing when the session was over', { ...act, ...late(away, true), stillIn: false }, 'inconclusive'],
    ['says nothing of an answer that neither does nor asks', { ...act, ...late(seen({ status: 409 })) }, 'inconclusive'],
    ['says nothing when nobody gets the same', { ...act, nobody: done }, 'inconclusive'],
    ['says nothing when it was refused from the start', { ...act, fresh: { seen: seen({ status: 403 }), asks: false } }, 'inconclusive'],
    ['says nothing when it was limited', { ...act, fresh: { seen: seen({ status: 429 }), asks: false } }, 'inconclusive'],
    ['is an error without an answer', { ...act, ...late(silent()) }, 'error'],
  ]
  it.each(table)('%s', (_what, one, verdict) => {
    expect(inShort(stepUpMissing.judge({ aged: 30, acts: [one] }))).toEqual([`${verdict} ${PLACE}`])
  })
})
