import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choosePolicy } from './choose-policy.js'
import { alertOf } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'

const GOOD = `id: mine
title: Mine
description: What it is for.
order: 10
match:
  rules: [my-rule]
  level: low
respond:
  action: deny
  target: ip
  mode: enforce
  memory: 2d
  steps:
    - { scope: login, duration: 15m }
    - { scope: all, duration: 1h }
`

const load = (text: string, file = 'mine.yml') => loadPolicies([{ file, text }])

/** The good policy with one line exchanged. */
const exchange = (from: string | RegExp, to: string): string => GOOD.replace(from, to)

describe('the policies that come with Parapet', () => {
  it('have no fault, and are asked in the order of their files', async () => {
    const sources = await builtinPolicies()
    const { policies, problems } = loadPolicies(sources)
    expect(problems).toEqual([])
    expect(policies.map(({ id }) => id)).toEqual(['brute-force', 'observe'])
    expect(sources.map(({ file }) => file)).toEqual(['policies/brute-force.yml', 'policies/observe.yml'])
  })

  it('enforce nothing but brute force: everything else is only observed', async () => {
    const { policies } = loadPolicies(await builtinPolicies())
    expect(policies.filter(({ respond }) => respond.mode === 'enforce').map(({ id }) => id)).toEqual(['brute-force'])
    expect(policies.filter(({ respond }) => respond.mode === 'observe' && respond.ruleMaySet.includes('mode'))).toEqual([])
  })

  it('begin with signing in and end with a week', async () => {
    const [policy] = loadPolicies(await builtinPolicies()).policies
    expect(policy?.respond.steps).toEqual([
      { scope: 'login', duration: 15 * MINUTE },
      { scope: 'all', duration: HOUR },
      { scope: 'all', duration: 6 * HOUR },
      { scope: 'all', duration: DAY },
      { scope: 'all', duration: 7 * DAY },
    ])
  })
})

describe('a policy file', () => {
  it('is read as it was written', () => {
    const { policies, problems } = load(GOOD)
    expect(problems).toEqual([])
    expect(policies).toEqual([
      {
        id: 'mine',
        title: 'Mine',
        description: 'What it is for.',
        order: 10,
        file: 'mine.yml',
        match: { rules: ['my-rule'], level: 'low' },
        respond: {
          action: 'deny',
          target: 'ip',
          mode: 'enforce',
          memory: 2 * DAY,
          steps: [
            { scope: 'login', duration: 15 * MINUTE },
            { scope: 'all', duration: HOUR },
          ],
          ruleMaySet: [],
        },
      },
    ])
  })

  it.each<[number, RegExp, string]>([
    [1, /id is "Mine!"; it takes kebab-case/, exchange('id: mine', 'id: Mine!')],
    [2, /title takes text/, exchange('title: Mine', 'title: 7')],
    [1, /title is missing/, exchange('title: Mine\n', '')],
    [4, /order takes a whole number/, exchange('order: 10', 'order: -1')],
    [4, /odrer is not known; known are id/, exchange('order: 10', 'odrer: 10')],
    [5, /match takes a mapping/, exchange(/match:\n.*\n.*\n/, 'match: all\n')],
    [6, /match\.rules takes a list/, exchange('[my-rule]', 'my-rule')],
    [6, /match\.rules takes texts/, exchange('[my-rule]', '[1]')],
    [7, /match\.level is "severe"; it takes informational/, exchange('level: low', 'level: severe')],
    [9, /respond\.action is "drop"; it takes deny/, exchange('action: deny', 'action: drop')],
    [10, /respond\.target is "user"; it takes ip/, exchange('target: ip', 'target: user')],
    [11, /respond\.mode is "on"; it takes observe, enforce/, exchange('mode: enforce', 'mode: "on"')],
    [12, /respond\.memory is "2 days"; it takes a duration/, exchange('memory: 2d', 'memory: 2 days')],
    [9, /respond\.mode is missing/, exchange('  mode: enforce\n', '')],
    [14, /respond\.steps\.duration is "1s"; it takes a duration from 1m to 30d/, exchange('15m', '1s')],
    [14, /respond\.steps\.duration is missing/, exchange(', duration: 15m', '')],
    [15, /may not be milder/, exchange('{ scope: all, duration: 1h }', '{ scope: all, duration: 5m }')],
    [14, /respond\.steps\.duration is "90d"/, exchange('15m', '90d')],
    [13, /respond\.steps takes a list of 1 to 16/, exchange(/steps:\n.*\n.*\n/, 'steps: []\n')],
    [16, /names "target"; it takes mode, scope, duration/, `${GOOD}  rule-may-set: [target]\n`],
    [7, /Map keys must be unique/, exchange('  rules: [my-rule]\n', '  level: high\n  level: low\n')],
    [1, /a policy is a mapping/, '- id: mine\n'],
    [1, /a policy is a mapping/, ''],
    [1, /at most 65536 characters/, `# ${'x'.repeat(70_000)}\n${GOOD}`],
  ])('with a fault in line %d is left out: %s', (line, reason, text) => {
    const { policies, problems } = load(text)
    expect(policies).toEqual([])
    expect(problems[0]).toMatchObject({ file: 'mine.yml', line })
    expect(problems.map((problem) => problem.reason).join('\n')).toMatch(reason)
  })

  it('does not stop the others, and an id can be taken once', () => {
    const { policies, problems } = loadPolicies([
      { file: 'broken.yml', text: 'id: [' },
      { file: 'a.yml', text: GOOD },
      { file: 'b.yml', text: GOOD },
      { file: 'c.yml', text: exchange('id: mine', 'id: other').replace('order: 10', 'order: 5') },
    ])
    expect(policies.map(({ id, file }) => [id, file])).toEqual([
      ['other', 'c.yml'],
      ['mine', 'a.yml'],
    ])
    expect(problems.map(({ file }) => file)).toEqual(['broken.yml', 'b.yml'])
    expect(problems[1]).toMatchObject({ policyId: 'mine', reason: 'id mine is taken by a.yml' })
  })

  it('never makes the reader throw', () => {
    const piece = fc.constantFrom(
      'id: x\n',
      'match:\n',
      '  level: low\n',
      '- a\n',
      '&a [*a]\n',
      '? {a: b}\n: c\n',
      '!!binary x\n',
      'respond: {steps: [[], 1, {}]}\n',
      '\t',
      '{',
      '"',
      '<<: *a\n',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const { policies, problems } = load(text)
          expect(policies).toEqual([])
          expect(problems.length).toBeGreaterThan(0)
          expect(problems.every(({ line, reason }) => line >= 1 && reason !== '')).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('choosing', () => {
  const policies = loadPolicies([
    {
      file: 'tag.yml',
      text: exchange('rules: [my-rule]', 'tags: [attack.t1110]').replace('id: mine', 'id: by-tag').replace('level: low', 'level: medium'),
    },
    { file: 'rule.yml', text: GOOD.replace('order: 10', 'order: 20') },
  ]).policies
  const chosen = (id: string, tags: readonly string[], level: 'low' | 'high'): string | undefined =>
    choosePolicy(alertOf({ rule: { id, title: 't', level, tags, version: '1' } }), policies)?.id

  it('takes the first policy for which rule, tag and level all hold', () => {
    expect(chosen('my-rule', ['attack.t1110'], 'high')).toBe('by-tag')
    expect(chosen('my-rule', ['attack.t1110'], 'low')).toBe('mine')
    expect(chosen('my-rule', [], 'high')).toBe('mine')
    expect(chosen('other', [], 'high')).toBeUndefined()
  })

  it('means sub-techniques by a technique, and no other that begins alike', () => {
    expect(chosen('other', ['attack.t1110.003'], 'high')).toBe('by-tag')
    expect(chosen('other', ['attack.t11100'], 'high')).toBeUndefined()
  })
})
