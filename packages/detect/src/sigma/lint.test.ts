import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinRules } from './builtin.js'
import { generateRules } from './fixtures/generate-rules.js'
import { lintRules } from './lint.js'

const GOOD = `title: Good
id: 0b3f5a60-93d5-4c1e-9a53-6c5a2f7d1e11
status: stable
description: What it finds.
date: 2026-11-22
tags: [attack.t1110]
level: low
falsepositives: [Tests]
logsource: {category: webserver}
detection:
  sel: {url.path: /x}
  condition: sel
x-tests:
  - {name: one, match: true, events: [{url.path: /x}]}
  - {name: two, match: false, events: [{url.path: /y}]}
`
const lint = (text: string, more = ''): string[] =>
  lintRules([{ file: 'a.yml', text: text + more }]).map(
    ({ severity, code, line, fix }) => `${severity} ${code} ${line}${fix === '' ? '' : `: ${fix}`}`,
  )
const changed = (from: string | RegExp, to: string): string[] => {
  const text = GOOD.replace(from, to)
  expect(text).not.toBe(GOOD)
  return lint(text)
}

describe('looking rules over', () => {
  it('finds nothing in a rule that says all it should', () => {
    expect(lintRules([{ file: 'a.yml', text: GOOD }])).toEqual([])
  })

  it.each<[string, string | RegExp, string, string]>([
    ['no id', /id: 0b.*\n/, '', 'warning missing-id 1: add an id, a UUID that never changes'],
    ['an id that is no UUID', /id: 0b.*\n/, 'id: mine\n', 'info id-no-uuid 2: take a UUID, and give the rule a name to refer to it'],
    ['no level', 'level: low\n', '', 'warning missing-level 1: add level: one of informational, low, medium, high, critical'],
    ['no description', 'description: What it finds.\n', '', 'info missing-description 1: add a sentence of what it finds'],
    ['no status', 'status: stable\n', '', 'info missing-status 1: add status: stable, test or experimental'],
    ['a misspelt status', 'status: stable', 'status: stabel', 'warning bad-status 3: write stable'],
    ['no tags', 'tags: [attack.t1110]\n', '', 'info missing-tags 1: add the technique of ATT&CK, such as attack.t1110'],
    ['no false positives', 'falsepositives: [Tests]\n', '', 'info missing-falsepositives 1: add what innocent thing may look like it'],
    ['a tag with spaces', 'attack.t1110', 'attack.Initial Access', 'warning bad-tag 6: write attack.initial-access'],
    ['a tag without namespace', 'attack.t1110', 'bruteforce', 'warning bad-tag 6: write namespace.name, such as attack.t1110'],
    ['a tag of a misspelt namespace', 'attack.t1110', 'atack.t1110', 'warning bad-tag 6: write attack.t1110'],
    ['a tag of a namespace of others', 'attack.t1110', 'ours.thing', 'info unknown-tag-namespace 6'],
    ['a tag that is no technique', 'attack.t1110', 'attack.t11', 'warning bad-tag 6: write attack.t1110 or attack.t1110.003'],
    ['a date in another form', '2026-11-22', '2026/11/22', 'info bad-date 5: write it as 2026-11-22'],
    ['related without id', 'level: low', 'level: low\nrelated: [{type: derived}]', 'warning bad-related 8: write {id: ..., type: derived}'],
    [
      'related of an unknown type',
      'level: low',
      'level: low\nrelated: [{id: x, type: cousin}]',
      'warning bad-related 8: write one of derived, obsolete, merged, renamed, similar',
    ],
    ['no tests', /x-tests:[\s\S]*/, '', 'warning missing-tests 1: add an example that must match and one that must not'],
    ['no test that must not match', /  - \{name: two.*\n/, '', 'warning one-sided-tests 13: add an example that must not match'],
    ['no test that must match', /  - \{name: one.*\n/, '', 'warning one-sided-tests 13: add an example that must match'],
    ['a misspelt field', 'sel: {url.path: /x}', 'sel: {url.pth: /x}', 'warning unknown-field 11: write url.path'],
    ['a field in another case', 'sel: {url.path: /x}', 'sel: {URL_Path: /x}', 'warning unknown-field 11: write url.path'],
    ['a field that nobody makes', 'sel: {url.path: /x}', 'sel: {EventID: 1}', 'info field-nobody-makes 11'],
    [
      'a selection that is not used',
      'condition: sel',
      'other: {url.path: /y}\n  condition: sel',
      'warning unused-selection 12: use it, or take it out',
    ],
    ['values that cannot be at once', 'condition: sel', 'other: {url.path: /y}\n  condition: sel and other', 'warning never-matches 1'],
    ['a selection and its opposite', 'condition: sel', 'condition: sel and not sel', 'warning never-matches 1'],
    [
      'an alternative that cannot be',
      'condition: sel',
      'other: {url.path: /y}\n  third: {user.name: z}\n  condition: third or sel and other',
      'warning unreachable-selection 1',
    ],
    [
      'wildcards for contains',
      'sel: {url.path: /x}',
      "sel: {url.path: '*x*'}",
      'info wildcard-for-modifier 11: write url.path|contains: "x"',
    ],
    [
      'wildcards for startswith',
      'sel: {url.path: /x}',
      "sel: {url.path: 'x*'}",
      'info wildcard-for-modifier 11: write url.path|startswith: "x"',
    ],
    [
      'wildcards for endswith',
      'sel: {url.path: /x}',
      "sel: {url.path: '*x'}",
      'info wildcard-for-modifier 11: write url.path|endswith: "x"',
    ],
    ['all of a single value', 'sel: {url.path: /x}', 'sel: {url.path|contains|all: /x}', 'warning all-of-one 11: leave all out'],
    [
      'an expression without literals',
      'sel: {url.path: /x}',
      "sel: {url.path|re: '[0-9]+[a-z]+'}",
      'info slow-regex 11: add a selection that few events match',
    ],
    ['keywords over all logs', 'sel: {url.path: /x}', 'sel: [something long]', 'info slow-keywords 11: name the product or the service'],
    ['a short keyword', 'sel: {url.path: /x}', 'sel: [ab]', 'warning slow-keywords 11: search a field, or a longer text'],
    ['all of them', 'condition: sel', 'condition: all of them', 'info all-of-them 12: write all of selection*'],
    ['an unknown modifier', 'sel: {url.path: /x}', 'sel: {url.path|containz: /x}', 'error refused 11'],
    ['a retired rule', 'status: stable', 'status: deprecated', 'error retired-rule 1'],
    ['a placeholder without a value', 'sel: {url.path: /x}', "sel: {url.path|expand: '%x%'}", 'error missing-placeholder 11'],
  ])('%s', (_, from, to, finding) => {
    expect(changed(from, to)).toEqual([finding])
  })

  it('names of the log source are known fields; so are fields of the engine and open ones', () => {
    for (const name of ['cs-uri-query', 'c-ip', 'url.decoded', 'labels.whatever', 'parapet.method'])
      expect(lint(GOOD.replace('url.path: /x}\n  condition', `${name}: /x}\n  condition`)), name).toEqual([])
  })

  it('an id that is taken, and a title that stands elsewhere', () => {
    const found = lintRules([
      { file: 'a.yml', text: GOOD },
      { file: 'b.yml', text: GOOD },
      { file: 'c.yml', text: GOOD.replace('0b3f', '0b3e') },
    ])
    expect(found.map(({ file, severity, code }) => `${file} ${severity} ${code}`)).toEqual([
      'b.yml error duplicate-id',
      'c.yml info duplicate-title',
    ])
  })

  it('a rule that another takes the place of', () => {
    const newer = GOOD.replace('0b3f', '0b3e')
      .replace('title: Good', 'title: Newer')
      .replace('level:', 'related: [{id: 0b3f5a60-93d5-4c1e-9a53-6c5a2f7d1e11, type: obsolete}]\nlevel:')
    expect(lint(GOOD, `---\n${newer}`)).toEqual(['warning obsolete-rule 17: take the older rule out'])
  })

  it('correlations: no group, a misspelt field of the group, a reference to nothing', () => {
    const head = GOOD.slice(0, GOOD.indexOf('logsource')).replace('0b3f', '0b3e').replace('Good', 'Many')
    const tests = GOOD.slice(GOOD.indexOf('x-tests'))
    const many = (body: string): string =>
      `---\n${head}correlation: {type: event_count, rules: [0b3f5a60-93d5-4c1e-9a53-6c5a2f7d1e11], timespan: 5m, condition: {gte: 5}${body}}\n${tests}`
    expect(lint(GOOD, many(', group-by: [source.ip]'))).toEqual([])
    expect(lint(GOOD, many(''))).toEqual(['warning no-group 25: add group-by, such as [source.ip]'])
    expect(lint(GOOD, many(', group-by: [source.iq]'))).toEqual(['warning unknown-field 17: write source.ip'])
    expect(lint(GOOD, many('').replace('[0b3f', '[nothing'))).toContain('error broken-reference 25')
  })

  it('filters: selections that are not used, rules that are not there', () => {
    const filter =
      '---\ntitle: F\nid: f\nlogsource: {category: webserver}\nfilter:\n  rules: [gone]\n  a: {user.nam: x}\n  b: {user.name: x}\n  condition: not a\n'
    expect(lint(GOOD, filter)).toEqual([
      'error unused-filter 17',
      'warning unknown-field 22: write user.name',
      'warning unused-selection 23: use it, or take it out',
    ])
  })

  it('has nothing to refuse in the built-in rules, and no misspelt field', async () => {
    const found = lintRules(await builtinRules())
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(found.filter(({ code }) => code === 'unknown-field')).toEqual([])
  })

  it('tells files in their order and lines in theirs', () => {
    const found = lintRules(generateRules(60))
    const places = found.map(({ file, line }) => Number(/rule-(\d+)/.exec(file)?.[1]) * 1_000 + line)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(found.length).toBeGreaterThan(0)
  })

  it('never throws, whatever the text', () => {
    const lines = GOOD.split('\n')
    const edit = fc.tuple(
      fc.nat(lines.length - 1),
      fc.oneof(
        fc.string({ maxLength: 16 }),
        fc.constantFrom(
          'tags: {a: b}',
          'related: 7',
          'x-tests: {a: b}',
          'detection: []',
          '  sel: null',
          '  sel: []',
          'correlation: {}',
          'filter: {}',
          'level: []',
        ),
      ),
    )
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
        const text = [...lines]
        for (const [at, line] of edits) text[at] = line
        for (const { line } of lintRules([{ file: 'a.yml', text: text.join('\n') }])) expect(line).toBeGreaterThan(0)
      }),
      { seed: 6, numRuns: 400 },
    )
  })
})
