import type { ExceptionPreview, RuleView } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRule, makeSources, topOf } from '../test/detect-fixtures.js'
import { HOSTILE, makeEvents } from '../test/fixtures.js'
import { draftFields, matchOf, previewInWords } from './exception-draft.js'
import { listRules, precisionInWords, readRules, RULE_ORDERS, rulesPath } from './rule-list.js'
import { bytes, isBehind, lag, listSources, lostBy, troubleOf } from './source-health.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const rules = Array.from({ length: 24 }, (_, index) => makeRule(index, NOW))
const NONE = { text: '', state: undefined, order: 'hits' } as const

describe('the list of rules', () => {
  it('keeps its filters in the URL', () => {
    expect(rulesPath(readRules(''))).toBe('/rules')
    expect(rulesPath(readRules('q=a+b&state=broken&order=level'))).toBe('/rules?q=a+b&state=broken&order=level')
    expect(readRules('state=constructor&order=toString')).toEqual(NONE)
  })

  it('has what is broken on top, whatever the order', () => {
    for (const order of RULE_ORDERS) expect(listRules(rules, { ...NONE, order })[0]?.state).toBe('broken')
  })

  it('never orders a precision that nobody knows among those that are known', () => {
    const listed = listRules(rules, { ...NONE, order: 'precision' }).slice(1)
    const unknown = listed.findIndex(({ precision }) => precision === null)
    expect(unknown).toBeGreaterThan(0)
    expect(listed.slice(unknown).every(({ precision }) => precision === null)).toBe(true)
    const known = listed.slice(0, unknown).map(({ precision }) => precision ?? 0)
    expect(known).toEqual(known.toSorted((a, b) => a - b))
  })

  it('narrows by words and by state', () => {
    expect(listRules(rules, { ...NONE, text: 'PASSWORD' }).every(({ title }) => title.includes('assword'))).toBe(true)
    expect(listRules(rules, { ...NONE, text: 'shop.yml' }).every(({ origin }) => origin.includes('shop'))).toBe(true)
    expect(listRules(rules, { ...NONE, state: 'off' }).map(({ state }) => state)).toEqual(['off'])
    expect(listRules(rules, { ...NONE, state: 'learning' }).every(({ learning }) => learning)).toBe(true)
    expect(listRules(rules, { ...NONE, text: 'none such' })).toEqual([])
  })

  it('loses no rule and doubles none', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULE_ORDERS), fc.shuffledSubarray(rules), (order, some: RuleView[]) => {
        const ids = (list: readonly RuleView[]): string[] => list.map(({ id }) => id).toSorted()
        expect(ids(listRules(some, { ...NONE, order }))).toEqual(ids(some))
      }),
    )
  })
})

describe('precision', () => {
  it('is a dash when nobody judged, never 0 or 100 by absence', () => {
    const verdicts = { truePositive: 0, falsePositive: 0, benign: 0 }
    for (const precision of [null, 0, 1]) expect(precisionInWords({ precision, verdicts })).toEqual({ text: '–', of: 0 })
    expect(precisionInWords({ precision: null, verdicts: { ...verdicts, benign: 3 } })).toEqual({ text: '–', of: 3 })
  })

  it('says of how many', () => {
    expect(precisionInWords({ precision: 0, verdicts: { truePositive: 0, falsePositive: 2, benign: 0 } })).toEqual({ text: '0 %', of: 2 })
    expect(precisionInWords({ precision: 0.925, verdicts: { truePositive: 37, falsePositive: 3, benign: 0 } })).toEqual({
      text: '93 %',
      of: 40,
    })
  })
})

describe('the draft of an exception', () => {
  const events = makeEvents(NOW)
  const topValues = [topOf('event.outcome', events), topOf('source.ip', events)]
  const address = { scope: { kind: 'ip', value: '203.0.113.0/24' } } as const

  it('begins with what the group stands for', () => {
    const fields = draftFields(address, events, topValues)
    expect(fields.filter(({ chosen }) => chosen)).toMatchObject([{ field: 'source.ip', value: '203.0.113.0/24' }])
    expect(matchOf(fields, events)).toEqual({ 'source.ip': '203.0.113.0/24' })
  })

  it('begins with the value somebody pointed at, from an event that has it', () => {
    const fields = draftFields(address, events, topValues, { field: 'http.response.status_code', value: '404' })
    expect(fields.filter(({ chosen }) => chosen).map(({ field }) => field)).toEqual(['http.response.status_code'])
    expect(fields.find(({ field }) => field === 'url.query')?.value).toContain('<img')
    // a number stays one: the rule compares it as one
    expect(matchOf(fields, events)).toEqual({ 'http.response.status_code': 404 })
  })

  it('says how much of the events each value covers, where that is known', () => {
    const fields = draftFields({ scope: { kind: 'event', value: 'x' } }, events, topValues)
    expect(fields.find(({ field }) => field === 'event.outcome')?.share).toBeGreaterThan(0)
    expect(fields.find(({ field }) => field === 'user.name')?.share).toBeUndefined()
  })

  it('asks for at most eight fields, and for no empty one', () => {
    const many = Array.from({ length: 12 }, (_, index) => ({
      field: `a.f${index}`,
      value: index === 0 ? '  ' : 'x',
      chosen: true,
      share: undefined,
    }))
    expect(Object.keys(matchOf(many, []))).toHaveLength(8)
    expect(matchOf(many, [])).not.toHaveProperty(['a.f0'])
    expect(matchOf(draftFields(address, [], []), [])).toEqual({ 'source.ip': '203.0.113.0/24' })
  })

  it('keeps what attackers wrote as it is', () => {
    const fields = draftFields({ scope: { kind: 'user', value: HOSTILE.bidi } }, events, [])
    expect(matchOf(fields, events)).toEqual({ 'user.name': HOSTILE.bidi })
  })
})

describe('a preview', () => {
  const preview = (change: Partial<ExceptionPreview>): ExceptionPreview => ({
    since: NOW - 7 * 86_400_000,
    alerts: 40,
    silenced: 12,
    events: 900,
    eventsLeftOut: 300,
    examples: [],
    whole: true,
    ...change,
  })

  it('says what it would have silenced', () => {
    expect(previewInWords(preview({}), NOW)).toEqual({ weight: 'some', sentence: 'Would have silenced 12 of 40 alerts in 7 days.' })
    expect(previewInWords(preview({ silenced: 0 }), NOW).weight).toBe('nothing')
  })

  it('warns when nothing of the rule would be left', () => {
    expect(previewInWords(preview({ silenced: 40 }), NOW).weight).toBe('everything')
    expect(previewInWords(preview({ alerts: 1, silenced: 1 }), NOW).weight).toBe('everything')
    // no alerts at all is not "everything": there is nothing to judge by
    expect(previewInWords(preview({ alerts: 0, silenced: 0 }), NOW)).toMatchObject({ weight: 'nothing' })
  })
})

describe('the health of sources', () => {
  const sources = makeSources(NOW)
  const named = (name: string) => sources.find((source) => source.name === name) ?? sources[0]

  it('puts first who lost lines, then who is silent', () => {
    expect(listSources(sources).map(({ name }) => name.slice(0, 8))).toEqual(['bastion', 'mail', 'db', '/AAAAAAA', 'shop'])
  })

  it('counts what was lost by inputs and by the spool', () => {
    const bastion = named('bastion')
    if (bastion?.agent === null || bastion?.agent === undefined) throw new Error('no agent')
    expect(lostBy(bastion)).toBe(1_204)
    expect(lostBy({ ...bastion, agent: { ...bastion.agent, inputs: [], spool: { ...bastion.agent.spool, dropped: 7 } } })).toBe(7)
    expect(troubleOf(bastion)).toEqual(['lost'])
  })

  it('names every trouble', () => {
    const db = named('db')
    if (db?.agent === null || db?.agent === undefined) throw new Error('no agent')
    expect(troubleOf({ ...db, agent: { ...db.agent, rules: { running: 1, problems: 2 } } })).toEqual([
      'agent-silent',
      'input-error',
      'behind',
      'rules',
    ])
    const shop = named('shop')
    expect(shop === undefined ? [] : troubleOf(shop)).toEqual([])
  })

  it('says sizes and lags in few words, and a dash for what is not known', () => {
    expect([0, 812, 999, 4_200, 84_000_000, 1.3e9, 7e15].map(bytes)).toEqual([
      '0 B',
      '812 B',
      '999 B',
      '4.2 kB',
      '84.0 MB',
      '1.3 GB',
      '7000 TB',
    ])
    expect([null, 40, 1_240, 180_000, 7_200_000, -5].map(lag)).toEqual(['–', '40 ms', '1.2 s', '3 min', '2 h', 'clock ahead'])
    expect([isBehind({ behindBytes: null }), isBehind({ behindBytes: 0 }), isBehind({ behindBytes: 84_000_000 })]).toEqual([
      false,
      false,
      true,
    ])
  })
})
