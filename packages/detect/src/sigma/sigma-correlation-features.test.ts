import type { FieldValue } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { compileRules } from './compile.js'

// One test for each thing of the Sigma correlation rules specification 2.1. Events are [second, what, fields].

type Step = readonly [second: number, what: string, fields?: Record<string, FieldValue>]

const BASES = ['a', 'b', 'c']
  .map(
    (name) =>
      `title: Rule ${name}\nid: id-${name}\nname: ${name}\nlogsource: {category: web}\ndetection: {sel: {do: ${name}}, condition: sel}\n`,
  )
  .join('---\n')
const correlation = (body: string, id = 'test', more = ''): string =>
  `---\ntitle: Test ${id}\nid: ${id}\nname: ${id}\n${more}correlation:\n${body
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`

const compiled = (text: string) => {
  const { rules, problems } = compileRules([{ file: 'feature.yml', text: BASES + text }])
  expect(problems).toEqual([])
  return rules
}
const run = (text: string, steps: readonly Step[]) => {
  const engine = createEngine({ rules: compiled(text) })
  const told = steps.flatMap(([second, what, fields], i) =>
    engine.process({ '@timestamp': 1_000_000 + second * 1_000, 'event.category': 'web', do: what, ip: '1', ...fields }, i + 1),
  )
  return [...told, ...engine.flush()].filter(({ kind }) => kind === 'fired').map(({ alert }) => alert)
}
const fired = (text: string, steps: readonly Step[]): string[] => run(text, steps).map((alert) => alert.rule.id)
const problemOf = (text: string): string => {
  const { problems } = compileRules([{ file: 'feature.yml', text: BASES + text }])
  expect(problems).toHaveLength(1)
  return problems[0]?.reason ?? ''
}
const spread = (count: number, what: string, fields: (n: number) => Record<string, FieldValue> = () => ({})): Step[] =>
  Array.from({ length: count }, (_, n): Step => [n, what, fields(n)])

describe('Sigma correlations, types', () => {
  const group = 'group-by: [ip]\ntimespan: 60s'
  it.each<[string, string, Step[], Step[]]>([
    ['event_count', `type: event_count\nrules: [a]\n${group}\ncondition: {gte: 3}`, spread(3, 'a'), spread(2, 'a')],
    [
      'value_count',
      `type: value_count\nrules: [a]\n${group}\ncondition: {field: user, gte: 3}`,
      spread(3, 'a', (n) => ({ user: `u${n}` })),
      spread(3, 'a', () => ({ user: 'u' })),
    ],
    [
      'value_count of several fields',
      `type: value_count\nrules: [a]\n${group}\ncondition: {field: [user, host], gte: 4}`,
      spread(4, 'a', (n) => ({ user: `u${n % 2}`, host: `h${n >> 1}` })),
      spread(4, 'a', (n) => ({ user: `u${n % 2}`, host: 'h' })),
    ],
    [
      'value_sum',
      `type: value_sum\nrules: [a]\n${group}\ncondition: {field: bytes, gt: 999.5}`,
      spread(10, 'a', () => ({ bytes: 100 })),
      spread(10, 'a', () => ({ bytes: 99 })),
    ],
    [
      'value_sum below a bound, known when its time is over',
      `type: value_sum\nrules: [a]\n${group}\ncondition: {field: bytes, lt: 50}`,
      spread(4, 'a', () => ({ bytes: 10 })),
      spread(6, 'a', () => ({ bytes: 10 })),
    ],
    [
      'value_avg',
      `type: value_avg\nrules: [a]\n${group}\ncondition: {field: bytes, gte: 100}`,
      [
        [0, 'a', { bytes: 10 }],
        [1, 'a', { bytes: '190' }],
        [2, 'a', { bytes: 100 }],
      ],
      [
        [0, 'a', { bytes: 290 }],
        [1, 'a', { bytes: 1 }],
        [2, 'a', { bytes: 1 }],
      ],
    ],
    [
      'value_percentile',
      `type: value_percentile\nrules: [a]\n${group}\ncondition: {field: ms, percentile: 90, gt: 500}`,
      spread(10, 'a', (n) => ({ ms: n < 8 ? 10 : 900 })),
      spread(10, 'a', (n) => ({ ms: n < 9 ? 10 : 900 })),
    ],
    [
      'value_median',
      `type: value_median\nrules: [a]\n${group}\ncondition: {field: ms, gt: 500}`,
      spread(5, 'a', (n) => ({ ms: n < 2 ? 10 : 900 })),
      spread(5, 'a', (n) => ({ ms: n < 3 ? 10 : 900 })),
    ],
    [
      'temporal',
      `type: temporal\nrules: [a, b]\n${group}`,
      [
        [0, 'b'],
        [50, 'a'],
      ],
      [
        [0, 'b'],
        [61, 'a'],
      ],
    ],
    [
      'temporal_ordered',
      `type: temporal_ordered\nrules: [a, b]\n${group}`,
      [
        [0, 'a'],
        [50, 'b'],
      ],
      [
        [0, 'b'],
        [50, 'a'],
      ],
    ],
    [
      'ordered_temporal, its other name',
      `type: ordered_temporal\nrules: [a, b]\n${group}`,
      [
        [0, 'a'],
        [50, 'b'],
      ],
      [
        [0, 'b'],
        [50, 'a'],
      ],
    ],
  ])('%s', (_, body, match, quiet) => {
    expect(fired(correlation(body), match)).toEqual(['test'])
    expect(fired(correlation(body), quiet)).toEqual([])
  })
})

describe('Sigma correlations, conditions', () => {
  const count = (condition: string): string =>
    correlation(`type: event_count\nrules: [a]\ngroup-by: [ip]\ntimespan: 60s\ncondition: ${condition}`)
  it.each<[string, string, number, number]>([
    ['gt', '{gt: 2}', 3, 2],
    ['gte', '{gte: 2}', 2, 1],
    ['lt', '{lt: 3}', 2, 3],
    ['lte', '{lte: 2}', 2, 3],
    ['eq', '{eq: 2}', 2, 3],
    ['neq', '{neq: 2}', 3, 2],
    ['a range', '{gt: 1, lte: 3}', 3, 4],
  ])('%s', (_, condition, match, quiet) => {
    expect(fired(count(condition), spread(match, 'a'))).toEqual(['test'])
    expect(fired(count(condition), spread(quiet, 'a'))).toEqual([])
  })

  const temporal = (condition: string, type = 'temporal', rules = '[a, b, c]'): string =>
    correlation(`type: ${type}\nrules: ${rules}\ngroup-by: [ip]\ntimespan: 60s\ncondition: ${condition}`)
  it.each<[string, string, Step[], Step[]]>([
    [
      'temporal: and',
      temporal('a and b'),
      [
        [0, 'b'],
        [9, 'a'],
      ],
      [
        [0, 'a'],
        [9, 'c'],
      ],
    ],
    [
      'temporal: or',
      temporal('a and (b or c)'),
      [
        [0, 'a'],
        [9, 'c'],
      ],
      [
        [0, 'b'],
        [9, 'c'],
      ],
    ],
    [
      'temporal: not, missing after',
      temporal('a and b and not c'),
      [
        [0, 'a'],
        [9, 'b'],
        [80, 'c'],
      ],
      [
        [0, 'a'],
        [9, 'b'],
        [20, 'c'],
      ],
    ],
    [
      'temporal: not, missing before',
      temporal('a and b and not c'),
      [
        [0, 'c'],
        [60, 'a'],
        [70, 'b'],
      ],
      [
        [0, 'c'],
        [20, 'a'],
        [30, 'b'],
      ],
    ],
    [
      'temporal: or with not',
      temporal('a and b or not c'),
      [[0, 'a']],
      [
        [0, 'c'],
        [9, 'a'],
      ],
    ],
    [
      'temporal: 1 of a pattern',
      correlation('type: temporal\nrules: [a, b]\ngroup-by: [ip]\ntimespan: 60s\ncondition: 1 of *'),
      [[0, 'b']],
      [[0, '-']],
    ],
    [
      'temporal: how many different rules (gte)',
      temporal('{gte: 2}'),
      [
        [0, 'a'],
        [9, 'c'],
      ],
      [
        [0, 'a'],
        [9, 'a'],
      ],
    ],
    [
      'temporal: how many different rules (eq)',
      temporal('{eq: 2}'),
      [
        [0, 'a'],
        [9, 'c'],
      ],
      [
        [0, 'a'],
        [9, 'b'],
        [12, 'c'],
      ],
    ],
    [
      'temporal_ordered: and',
      temporal('a and c', 'temporal_ordered'),
      [
        [0, 'a'],
        [9, 'c'],
      ],
      [
        [0, 'c'],
        [9, 'a'],
      ],
    ],
    [
      'temporal_ordered: not between',
      temporal('a and b and not c', 'temporal_ordered'),
      [
        [0, 'a'],
        [9, 'b'],
      ],
      [
        [0, 'a'],
        [5, 'c'],
        [9, 'b'],
      ],
    ],
    [
      'extended_temporal, its name elsewhere',
      temporal('a and b', 'extended_temporal'),
      [
        [0, 'a'],
        [9, 'b'],
      ],
      [
        [0, 'a'],
        [9, 'c'],
      ],
    ],
  ])('%s', (_, text, match, quiet) => {
    expect(fired(text, match)).toEqual(['test'])
    expect(fired(text, quiet)).toEqual([])
  })

  it('what cannot be is refused: a field where events are counted, no percentile, a condition that cannot hold', () => {
    expect(problemOf(count('{gte: 2, field: x}'))).toMatch(/"field"/)
    expect(problemOf(correlation('type: value_percentile\nrules: [a]\ntimespan: 1m\ncondition: {field: x, lte: 1}'))).toMatch(
      /needs the percentile/,
    )
    expect(
      problemOf(correlation('type: value_percentile\nrules: [a]\ntimespan: 1m\ncondition: {field: x, percentile: 101, lte: 1}')),
    ).toMatch(/0 to 100/)
    expect(problemOf(temporal('a and not a'))).toMatch(/never hold/)
    expect(problemOf(temporal('{gte: 4}'))).toMatch(/at most 3/)
    expect(problemOf(temporal('{gte: 2}', 'temporal_ordered'))).toMatch(/names of its rules/)
  })

  it('an explosive condition is refused', () => {
    const names = Array.from({ length: 60 }, (_, i) => `n${i}`)
    const rules = names
      .map((name) => `title: ${name}\nname: ${name}\nlogsource: {category: web}\ndetection: {s: {do: ${name}}, condition: s}\n`)
      .join('---\n')
    const pairs = Array.from({ length: 30 }, (_, i) => `(n${i * 2} or n${i * 2 + 1})`).join(' and ')
    const { problems } = compileRules([
      { file: 'x.yml', text: rules + correlation(`type: temporal\nrules: [${names.join(', ')}]\ntimespan: 1m\ncondition: ${pairs}`) },
    ])
    expect(problems.map((problem) => problem.reason)).toEqual(['condition has more than 64 alternatives'])
  })
})

describe('Sigma correlations, components', () => {
  const count = (rules: string, more = ''): string =>
    `type: event_count\nrules: ${rules}\ngroup-by: [ip]\ntimespan: 60s\ncondition: {gte: 2}${more}`

  it('rules: by name, by id, and several', () => {
    expect(fired(correlation(count('[a]')), spread(2, 'a'))).toEqual(['test'])
    expect(fired(correlation(count('[id-a]')), spread(2, 'a'))).toEqual(['test'])
    expect(
      fired(correlation(count('[a, b]')), [
        [0, 'a'],
        [1, 'b'],
      ]),
    ).toEqual(['test'])
  })

  it('group-by: groups are apart, of several fields, or everything is one group', () => {
    const two = correlation(count('[a]').replace('[ip]', '[ip, user]'))
    expect(
      fired(two, [
        [0, 'a', { user: 'x' }],
        [1, 'a', { user: 'y' }],
      ]),
    ).toEqual([])
    expect(
      fired(two, [
        [0, 'a', { user: 'x' }],
        [1, 'a', { user: 'x' }],
      ]),
    ).toEqual(['test'])
    expect(
      fired(correlation(count('[a]').replace('group-by: [ip]\n', '')), [
        [0, 'a', { ip: '1' }],
        [1, 'a', { ip: '2' }],
      ]),
    ).toEqual(['test'])
  })

  it('group-by: an event without the field is in no group', () => {
    expect(fired(correlation(count('[a]').replace('[ip]', '[gone]')), spread(2, 'a'))).toEqual([])
  })

  it("group-by and field: names of the rules' log source", () => {
    const text = `---\ntitle: Hits\nname: hits\nlogsource: {category: webserver}\ndetection: {s: {cs-method: GET}, condition: s}\n${correlation('type: value_count\nrules: [hits]\ngroup-by: [c-ip]\ntimespan: 60s\ncondition: {field: cs-uri-stem, gte: 2}')}`
    const hit = (n: number): Step => [n, '-', { 'source.ip': '198.18.0.1', 'http.request.method': 'GET', 'url.path': `/${n}` }]
    const [alert] = run(text, [hit(1), hit(2)])
    expect(alert).toMatchObject({ group: { 'source.ip': '198.18.0.1' }, scope: { kind: 'ip', value: '198.18.0.1' } })
  })

  it.each<[string, number, number]>([
    ['30s', 29, 30],
    ['2m', 119, 120],
    ['1h', 3_599, 3_600],
    ['1d', 86_399, 86_400],
  ])('timespan: %s', (timespan, within, beyond) => {
    const text = correlation(count('[a]').replace('60s', timespan))
    expect(
      fired(text, [
        [0, 'a'],
        [within, 'a'],
      ]),
    ).toEqual(['test'])
    expect(
      fired(text, [
        [0, 'a'],
        [beyond, 'a'],
      ]),
    ).toEqual([])
  })

  it('aliases: one name for different fields of different rules', () => {
    const text = correlation('type: temporal\nrules: [a, b]\ngroup-by: [who]\ntimespan: 60s\naliases:\n  who:\n    a: from\n    b: to')
    expect(
      fired(text, [
        [0, 'a', { from: 'x' }],
        [1, 'b', { to: 'x' }],
      ]),
    ).toEqual(['test'])
    expect(
      fired(text, [
        [0, 'a', { from: 'x' }],
        [1, 'b', { to: 'y', from: 'x' }],
      ]),
    ).toEqual([])
  })

  it('generate: the rules that are counted alert by themselves too', () => {
    expect(
      fired(
        correlation(count('[a]')),
        spread(2, 'a', () => ({ 'source.ip': '198.18.0.1' })),
      ),
    ).toEqual(['test'])
    expect(
      fired(
        correlation(count('[a]', '\ngenerate: true')),
        spread(2, 'a', () => ({ 'source.ip': '198.18.0.1' })),
      ),
    ).toEqual(['id-a', 'test'])
  })

  it('level, tags, status, author and falsepositives of a correlation', () => {
    const rules = compiled(
      correlation(count('[a]'), 'test', 'level: critical\nstatus: stable\nauthor: A\ntags: [attack.t1110]\nfalsepositives: [x]\n'),
    )
    expect(rules.rules.at(-1)).toMatchObject({
      level: 'critical',
      status: 'stable',
      author: 'A',
      tags: ['attack.t1110'],
      falsePositives: ['x'],
    })
  })
})

describe('Sigma correlations over correlations', () => {
  const many = correlation('type: event_count\nrules: [a]\ngroup-by: [ip]\ntimespan: 60s\ncondition: {gte: 3}', 'many')

  it('many of one thing, then another', () => {
    const text = many + correlation('type: temporal_ordered\nrules: [many, b]\ngroup-by: [ip]\ntimespan: 60s', 'then')
    expect(fired(text, [...spread(3, 'a'), [9, 'b']])).toEqual(['then'])
    expect(fired(text, [...spread(2, 'a'), [9, 'b']])).toEqual([])
  })

  it('with a group of its own', () => {
    const text =
      many + correlation('type: value_count\nrules: [many]\ngroup-by: [net]\ntimespan: 10m\ncondition: {field: ip, gte: 2}', 'wide')
    const from = (ip: string, start: number): Step[] => [0, 1, 2].map((n): Step => [start + n, 'a', { ip, net: 'n' }])
    expect(fired(text, [...from('1', 0), ...from('2', 10)])).toEqual(['wide'])
    expect(fired(text, from('1', 0))).toEqual([])
  })

  // a condition that is known only when its time is over hands its group on
  const few = correlation('type: event_count\nrules: [a]\ngroup-by: [ip]\ntimespan: 60s\ncondition: {lte: 2}', 'few')

  it('count of a condition that is no lower bound', () => {
    const text = few + correlation('type: event_count\nrules: [few]\ngroup-by: [ip]\ntimespan: 1h\ncondition: {gte: 2}', 'often')
    const windows: Step[] = [
      [0, 'a'],
      [200, 'a'],
      [400, 'a'],
    ]
    expect(fired(text, windows)).toEqual(['often'])
    expect(fired(text, [[0, 'a'], ...[200, 201, 202].map((second): Step => [second, 'a'])])).toEqual([])
    expect(
      fired(text, [
        [0, 'a', { ip: '1' }],
        [200, 'a', { ip: '2' }],
      ]),
    ).toEqual([])
  })

  it('sequence of a condition that is no lower bound, and an event after it', () => {
    const text = few + correlation('type: temporal_ordered\nrules: [few, b]\ngroup-by: [ip]\ntimespan: 10m', 'then')
    // few is known for second 60, however late it is told
    expect(
      fired(text, [
        [0, 'a'],
        [63, 'b'],
        [2_000, '-'],
      ]),
    ).toEqual(['then'])
    expect(
      fired(text, [
        [0, 'a'],
        [30, 'b'],
        [2_000, '-'],
      ]),
    ).toEqual([])
  })

  it('a mean on which another condition builds', () => {
    const slow = correlation('type: value_avg\nrules: [a]\ngroup-by: [ip]\ntimespan: 60s\ncondition: {field: ms, gt: 100}', 'slow')
    const text = slow + correlation('type: value_count\nrules: [slow]\ntimespan: 10m\ncondition: {field: ip, gte: 2}', 'everywhere')
    expect(
      fired(text, [
        [0, 'a', { ip: '1', ms: 500 }],
        [1, 'a', { ip: '2', ms: 500 }],
        [900, '-'],
      ]),
    ).toEqual(['everywhere'])
    expect(
      fired(text, [
        [0, 'a', { ip: '1', ms: 500 }],
        [1, 'a', { ip: '2', ms: 5 }],
        [900, '-'],
      ]),
    ).toEqual([])
  })

  it('a field that is gone by then is refused by name', () => {
    const text = few + correlation('type: value_count\nrules: [few]\ntimespan: 1h\ncondition: {field: user, gte: 2}', 'often')
    expect(problemOf(text)).toMatch(/needs "user" of "few".*ip/)
  })

  it('a circle is refused', () => {
    const text =
      correlation('type: event_count\nrules: [two]\ntimespan: 1m\ncondition: {gte: 1}', 'one') +
      correlation('type: event_count\nrules: [one]\ntimespan: 1m\ncondition: {gte: 1}', 'two')
    const { rules, problems } = compileRules([{ file: 'x.yml', text: BASES + text }])
    expect(rules.rules).toHaveLength(3)
    expect(problems.map((problem) => problem.reason).join(' ')).toMatch(/itself/)
  })

  it('sentences say what was reckoned and what the rule wants', () => {
    const sum = correlation('type: value_sum\nrules: [a]\ngroup-by: [ip]\ntimespan: 60s\ncondition: {field: bytes, gte: 300}')
    expect(
      run(
        sum,
        spread(3, 'a', () => ({ bytes: 100.5 })),
      )[0]?.why,
    ).toBe('the sum of bytes is 301.5 in 3 events of “Rule a” with ip 1 within 2 s (rule: 300 in 1 minute)')
    const without = correlation('type: temporal\nrules: [a, b, c]\ngroup-by: [ip]\ntimespan: 60s\ncondition: a and b and not c')
    expect(
      run(without, [
        [0, 'a'],
        [9, 'b'],
      ])[0]?.why,
    ).toBe('2 events with ip 1 within 9 s (rule: “Rule a” and “Rule b”, without “Rule c”, in 1 minute)')
  })
})
