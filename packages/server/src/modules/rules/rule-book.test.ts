import type { SecurityEvent } from '@parapet/core'
import { createEngine, type RuleSource } from '@parapet/detect'
import { describe, expect, it } from 'vitest'
import { createRuleBook } from './rule-book.js'
import { ruleViews } from './rule-views.js'

const single = (id: string, path: string): string =>
  `title: Path ${path}\nid: ${id}\nname: n-${path}\nlevel: low\nlogsource:\n  category: web\ndetection:\n  s:\n    url.path: /${path}\n  condition: s\n`
const count = (id: string, of: string): string =>
  `title: Many of ${of}\nid: ${id}\nname: many-${of}\nlevel: high\ncorrelation:\n  type: event_count\n  rules: [n-${of}]\n  group-by: [source.ip]\n  timespan: 5m\n  condition:\n    gte: 3\n`
const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'
const MANY = '00000000-0000-4000-8000-00000000000c'
const sources: RuleSource[] = [
  { file: 'rules/base.yml', text: single(A, 'a') },
  { file: 'own/b.yml', text: single(B, 'b') },
  { file: 'own/many.yml', text: count(MANY, 'a') },
  { file: 'own/broken.yml', text: `title: Broken\nid: 00000000-0000-4000-8000-00000000000d\nlevel: low\n` },
]
const book = createRuleBook(sources, [{ file: 'own/big.yml', line: 1, reason: 'too large' }])
const event = (path: string, at = 0): SecurityEvent => ({
  '@timestamp': 1_795_000_000_000 + at,
  'event.category': 'web',
  'event.dataset': 'nginx.access',
  'source.ip': '203.0.113.1',
  'url.path': `/${path}`,
})
const told = (rules: Parameters<typeof createEngine>[0]['rules'], paths: string): string[] => {
  const engine = createEngine({ rules })
  return Array.from(paths).flatMap((path, i) => engine.process(event(path, i), i).map(({ alert }) => alert.rule.id))
}

describe('the rule book', () => {
  it('knows where rules come from, and runs the good ones beside those that cannot', () => {
    expect(book.get(A)?.origin).toBe('builtin')
    expect(book.get(B)?.origin).toBe('own/b.yml')
    expect(book.problems.map(({ file }) => file)).toEqual(['own/big.yml', 'own/broken.yml'])
    expect(book.describe(MANY)).toMatchObject({ id: MANY, inWords: expect.stringContaining('Fires'), source: count(MANY, 'a') })
    expect(book.describe('gone').description).toContain('not part of this version')
    expect(book.describe('silent-source').description).toContain('none now')
    expect(book.search('MANY')).toEqual([MANY])
    expect(book.search('path')).toEqual([A, B])
  })

  it('silences what is switched off, which feeds others all the same', () => {
    expect(told(book.forEngine(new Set()), 'b')).toEqual([B])
    expect(told(book.forEngine(new Set([B])), 'b')).toEqual([])
    expect(told(book.forEngine(new Set([A])), 'aaa')).toEqual([MANY])
    expect(told(book.forEngine(new Set([MANY])), 'aaab')).toEqual([B])
  })

  it('takes one rule out with what it builds on, alerting alone', () => {
    const alone = book.alone(MANY)
    expect(alone?.rules.map(({ id }) => id).toSorted()).toEqual([A, MANY].toSorted())
    expect(alone === undefined ? [] : told(alone, 'abaab')).toEqual([MANY])
    expect(book.alone('gone')).toBeUndefined()
  })
})

describe('the views of rules', () => {
  const nothing = { alerts7d: 0, lastAlertAt: null, verdicts: { truePositive: 0, falsePositive: 0, benign: 0 }, precision: null }
  const facts = { off: new Set([B]), stats: () => nothing, exceptions: new Map([[MANY, 2]]), historyMs: null }

  it('tell state, exceptions and why a rule cannot run', () => {
    const views = ruleViews(book, facts)
    expect(views.map(({ id, state }) => [id, state])).toEqual([
      [A, 'on'],
      [B, 'off'],
      [MANY, 'on'],
      ['own/big.yml:1', 'broken'],
      ['00000000-0000-4000-8000-00000000000d', 'broken'],
    ])
    expect(views[2]).toMatchObject({ exceptions: 2, kind: 'event_count', name: 'many-a' })
    expect(views[3]).toMatchObject({ problem: 'too large', origin: 'own/big.yml' })
  })

  it('show a rule as learning for as long as there is less history than it wants', () => {
    const learned = `title: New\nid: 00000000-0000-4000-8000-00000000000e\nlevel: low\nx-novelty: {rules: [n-a], group-by: [source.ip], field: url.path, learning: {days: 3}}\n`
    const one = createRuleBook([...sources, { file: 'own/new.yml', text: learned }])
    const learning = (historyMs: number | null): boolean[] => ruleViews(one, { ...facts, historyMs }).map((view) => view.learning)
    expect(learning(null)).toContain(true)
    expect(learning(86_400_000)).toContain(true)
    expect(learning(4 * 86_400_000)).not.toContain(true)
    expect(ruleViews(book, facts).some((view) => view.learning)).toBe(false)
  })

  it('list a problem once, and not a second rule of an id that runs as that rule', () => {
    const twice = createRuleBook([
      ...sources,
      { file: 'own/again.yml', text: single(A, 'x') },
      { file: 'own/broken-2.yml', text: sources[3]?.text ?? '' },
    ])
    const ids = ruleViews(twice, facts).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(twice.problems.length).toBeGreaterThan(1)
  })
})
