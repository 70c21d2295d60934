import { describe, expect, it } from 'vitest'
import { seen, silent, times } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'
import { resetFlood } from './reset-flood.js'

describe('resets without end', () => {
  it('finds a form that sends a mail for each of 25 requests', async () => {
    const [found] = await tryProbe(resetFlood, { resetLimit: 0 })
    expect(found).toMatchObject({ verdict: 'fail', locator: 'reset', says: expect.stringContaining('25 resets') as string })
  })

  it('passes where one visitor meets a limit, and stops asking there', async () => {
    const [found] = await tryProbe(resetFlood, { resetLimit: 3 })
    expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('number 4 was limited (429)') as string })
    expect(found?.verdict === 'pass' && found.evidence?.at(-1)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '60' },
      note: 'request number 6',
    })
  })

  const sent = seen({ url: '/reset', text: 'sent' })
  const nowhere = seen({ status: 404 })
  const table: readonly (readonly [string, object, string])[] = [
    ['fails for 25 equal answers', { answers: times(25, sent) }, 'fail'],
    ['fails for 25 equal redirects', { answers: times(25, seen({ status: 303, headers: { location: '/sent' } })) }, 'fail'],
    ['passes when it refuses from some number on', { answers: [...times(5, sent), ...times(3, seen({ status: 403 }))] }, 'pass'],
    [
      'says nothing when the text changes: a mail may not be sent any more',
      { answers: [...times(5, sent), ...times(20, seen({ text: 'wait a little' }))] },
      'inconclusive',
    ],
    ['says nothing when the first is refused', { answers: times(3, seen({ status: 403 })) }, 'inconclusive'],
    ['says nothing when the limit was there before', { answers: times(3, seen({ status: 429 })) }, 'inconclusive'],
    ['says nothing when the target breaks on the way', { answers: [sent, ...times(3, seen({ status: 500 }))] }, 'inconclusive'],
    ['says nothing when any page answers so', { answers: times(25, sent), nowhere: sent }, 'inconclusive'],
    ['is an error when nothing answers', { answers: [silent()] }, 'error'],
    ['is an error when it falls silent', { answers: [sent, sent, silent()] }, 'error'],
    ['is an error when nothing was asked', { answers: [] }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(inShort(resetFlood.judge({ name: 'anna@app.example', nowhere, ...facts }))).toEqual([`${verdict} reset`])
  })
})
