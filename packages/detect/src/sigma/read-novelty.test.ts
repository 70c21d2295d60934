import { DAY } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { compileText } from '../engine/fixtures/rules.js'
import { explainRule } from './explain.js'

const BASE = `title: Success
id: success
name: success
logsource: {category: authentication}
detection:
  fine: {event.action: login}
  condition: fine
x-words: sign-ins
`
const compile = (block: string) => compileText(`${BASE}---\ntitle: New\nid: new\nlevel: low\n${block}\n`)
const ruleOf = (block: string) => compile(block).rules.program.find(({ id }) => id === 'new')

describe('x-novelty', () => {
  it('is a rule by itself, with a fortnight or ten events to learn and ninety days of memory', () => {
    expect(compile('x-novelty: {rules: [success], group-by: [user.name], field: source.as.number}').problems).toEqual([])
    expect(ruleOf('x-novelty: {rules: [success], group-by: [user.name], field: source.as.number}')).toMatchObject({
      kind: 'novelty',
      alerts: true,
      groupBy: [{ name: 'user.name', fields: ['user.name'] }],
      valueFields: ['source.as.number'],
      timespan: DAY,
      novelty: { learning: { ms: 14 * DAY, events: 10 }, memory: 90 * DAY },
    })
  })

  it('takes several fields, and numbers of its own', () => {
    const rule = ruleOf('x-novelty: {rules: [success], group-by: user.name, field: [a, b], learning: {days: 3, events: 50}, memory: 30d}')
    expect(rule).toMatchObject({ valueFields: ['a', 'b'], novelty: { learning: { ms: 3 * DAY, events: 50 }, memory: 30 * DAY } })
  })

  it('or an absence in place of a field', () => {
    expect(ruleOf('x-novelty: {rules: [success], group-by: [user.name], absence: 60d}')).toMatchObject({
      valueFields: [],
      novelty: { absence: 60 * DAY },
    })
  })

  it('lets what it refers to alert only through it', () => {
    const { rules } = compile('x-novelty: {rules: [success], group-by: [user.name], field: source.as.number}')
    expect(rules.rules.map(({ id, alerts }) => [id, alerts])).toEqual([
      ['success', false],
      ['new', true],
    ])
  })

  it.each<[string, string, RegExp]>([
    ['no rules', '{group-by: [user.name], field: a}', /needs 1 to 64 rules/],
    ['nobody to compare with himself', '{rules: [success], field: a}', /fields to group by/],
    ['nothing that may be new', '{rules: [success], group-by: [user.name]}', /fields whose values may be new, or absence/],
    ['both ways at once', '{rules: [success], group-by: [user.name], field: a, absence: 60d}', /not both/],
    ['learning without a field', '{rules: [success], group-by: [user.name], absence: 60d, learning: {days: 3}}', /not both/],
    ['a memory that is none', '{rules: [success], group-by: [user.name], field: a, memory: soon}', /memory is "soon"; it takes 1d to 400d/],
    ['a memory of an hour', '{rules: [success], group-by: [user.name], field: a, memory: 1h}', /it takes 1d to 400d/],
    [
      'no days to learn',
      '{rules: [success], group-by: [user.name], field: a, learning: {days: 0}}',
      /learning days takes a whole number from 1 to 365/,
    ],
    [
      'half an event',
      '{rules: [success], group-by: [user.name], field: a, learning: {events: 1.5}}',
      /learning events takes a whole number/,
    ],
    [
      'a word for a number',
      '{rules: [success], group-by: [user.name], field: a, learning: {events: many}}',
      /learning events takes a whole number/,
    ],
    ['a key that is misspelt', '{rules: [success], group-by: [user.name], fields: a}', /has no field "fields"/],
    ['a list', '[success]', /x-novelty must be a mapping/],
    ['a rule that is none', '{rules: [nothing], group-by: [user.name], field: a}', /refers to "nothing"/],
  ])('is refused with %s, by line', (_, block, reason) => {
    const { problems, rules } = compile(`x-novelty: ${block}`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'test.yml', ruleId: 'new', reason: expect.stringMatching(reason) as string })
    expect(problems[0]?.line).toBeGreaterThan(9)
    expect(rules.rules.map(({ id }) => id)).toEqual(['success'])
  })

  it('is said in words', () => {
    const { rules } = compile('x-novelty: {rules: [success], group-by: [user.name], field: source.geo.country_iso_code}')
    expect(explainRule(rules, 'new')).toBe(
      'Fires at sign-ins with the same user.name that show countries not seen before in 90 days. Silent until 14 days or 10 events have been learned.',
    )
    const slept = compile('x-novelty: {rules: [success], group-by: [user.name], absence: 60d}').rules
    expect(explainRule(slept, 'new')).toBe('Fires at sign-ins with the same user.name after more than 60 days without any.')
  })
})

describe('x-travel', () => {
  it('is a rule by itself: 1000 km/h and 300 km unless given', () => {
    expect(ruleOf('x-travel: {rules: [success], group-by: [user.name]}')).toMatchObject({
      kind: 'travel',
      travel: { speed: 1000, distance: 300 },
    })
    expect(ruleOf('x-travel: {rules: [success], group-by: [user.name], speed: 900, distance: 500}')).toMatchObject({
      travel: { speed: 900, distance: 500 },
    })
  })

  it.each<[string, RegExp]>([
    ['{rules: [success], group-by: [user.name], speed: 0}', /x-travel speed takes a whole number from 1 to 100000/],
    ['{rules: [success], group-by: [user.name], distance: far}', /x-travel distance takes a whole number/],
    ['{rules: [success], group-by: [user.name], distance: 30000}', /from 1 to 20000/],
    ['{rules: [success]}', /fields to group by/],
    ['{rules: [success], group-by: [user.name], km: 3}', /has no field "km"/],
  ])('%s is refused', (block, reason) => {
    expect(compile(`x-travel: ${block}`).problems.map((problem) => problem.reason)).toEqual([expect.stringMatching(reason)])
  })

  it('is said in words', () => {
    expect(explainRule(compile('x-travel: {rules: [success], group-by: [user.name]}').rules, 'new')).toBe(
      'Fires when sign-ins with the same user.name come from places at least 300 km apart, faster than 1000 km/h; the same network and usual jumps are left out.',
    )
  })
})
