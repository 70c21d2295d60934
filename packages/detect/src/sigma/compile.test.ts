import { readFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileText, singleRule } from '../engine/fixtures/rules.js'
import { builtinRules } from './builtin.js'
import { compileRules } from './compile.js'

const HEAD = 'title: Test\nid: test\nlogsource: {category: web}\n'
const BASE = 'title: Base\nid: base\nname: base\nlogsource: {category: web}\ndetection:\n  a: {x: 1}\n  condition: a\n---\n'
const correlation = (body: string, rest = ''): string =>
  `${BASE}title: Test\nid: test\n${rest}correlation:\n${body
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
const COUNT = 'type: event_count\nrules: [base]\ngroup-by: [source.ip]\ntimespan: 5m\ncondition: {gte: 3}'

describe('compiling rules', () => {
  it('keeps what a rule says about itself', () => {
    const { rules, problems } = compileText(
      `${singleRule('a: {x: 1}\ncondition: a')}
description: >
  What it
  is about
level: high
tags: [attack.t1190]
references: https://example.org
falsepositives: [none]
version: 1.10
x-respond: {action: deny, scope: login, duration: 1h, target: ip, mode: enforce}
`,
    )
    expect(problems).toEqual([])
    expect(rules.rules).toEqual([
      {
        id: 'test',
        title: 'Test',
        description: 'What it is about',
        level: 'high',
        tags: ['attack.t1190'],
        version: '1.10',
        file: 'test.yml',
        line: 1,
        falsePositives: ['none'],
        references: ['https://example.org'],
        respond: { action: 'deny', scope: 'login', duration: '1h', target: 'ip', mode: 'enforce' },
        kind: 'single',
        alerts: true,
      },
    ])
  })

  it.each<[string, string, number, RegExp]>([
    ['an unknown modifier', `${HEAD}detection:\n  a:\n    x: 1\n    y|contians: b\n  condition: a`, 7, /unknown modifier "contians"/],
    ['placeholders', `${HEAD}detection:\n  a: {'x|expand': '%y%'}\n  condition: a`, 5, /has no value/],
    ['two tests at once', `${HEAD}detection:\n  a: {'x|re|cidr': y}\n  condition: a`, 5, /do not go together/],
    [
      'a bad range',
      `${HEAD}detection:\n  a:\n    x|cidr:\n      - 10.0.0.0/8\n      - nonsense\n  condition: a`,
      8,
      /not an address range/,
    ],
    ['a bad expression', `${HEAD}detection:\n  a:\n    x|re: '('\n  condition: a`, 6, /RE2/],
    ['lt of text', `${HEAD}detection:\n  a: {'x|lt': many}\n  condition: a`, 5, /takes a number/],
    ['exists of text', `${HEAD}detection:\n  a: {'x|exists': maybe}\n  condition: a`, 5, /true or false/],
    ['null with contains', `${HEAD}detection:\n  a: {'x|contains': null}\n  condition: a`, 5, /null/],
    ['a wildcard in base64', `${HEAD}detection:\n  a: {'x|base64': 'a*'}\n  condition: a`, 5, /wildcards/],
    ['an encoding alone', `${HEAD}detection:\n  a: {'x|wide': a}\n  condition: a`, 5, /base64/],
    ['a nested map as value', `${HEAD}detection:\n  a:\n    x: {y: z}\n  condition: a`, 6, /must be text/],
    ['an empty list', `${HEAD}detection:\n  a: {x: []}\n  condition: a`, 5, /empty list/],
    ['an empty selection', `${HEAD}detection:\n  a: {}\n  condition: a`, 5, /matches nothing/],
    ['no condition', `${HEAD}detection:\n  a: {x: 1}`, 5, /no condition/],
    ['an old timeframe', `${HEAD}detection:\n  a: {x: 1}\n  timeframe: 5m\n  condition: a`, 6, /timeframe/],
    ['an old aggregation', `${HEAD}detection:\n  a: {x: 1}\n  condition: a | count() > 5`, 6, /correlation/],
    ['no detection', HEAD, 1, /detection or correlation/],
    ['no title', 'id: test\nlogsource: {category: web}\ndetection: {a: {x: 1}, condition: a}', 1, /title/],
    ['no log source', 'title: Test\nid: test\ndetection: {a: {x: 1}, condition: a}', 1, /logsource/],
    ['an empty log source', 'title: Test\nid: test\nlogsource: {definition: x}\ndetection: {a: {x: 1}, condition: a}', 3, /category/],
    [
      'an unknown part of the log source',
      'title: Test\nid: test\nlogsource: {kategory: web}\ndetection: {a: {x: 1}, condition: a}',
      3,
      /kategory/,
    ],
    ['a bad level', `${HEAD}level: severe\ndetection: {a: {x: 1}, condition: a}`, 4, /level/],
    ['a misspelt attribute', `${HEAD}levle: high\ndetection: {a: {x: 1}, condition: a}`, 4, /did you mean "level"/],
    ['an attribute that is not ours', `${HEAD}x-answer: 42\ndetection: {a: {x: 1}, condition: a}`, 4, /x-answer/],
    ['a filter without a log source', 'title: Test\nid: test\nfilter: {rules: [x], a: {x: 1}, condition: a}', 1, /logsource/],
    ['an unknown action of a collection', 'title: Test\nid: test\naction: globl', 3, /global, reset or repeat/],
    [
      'a response without duration',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-respond: {action: deny, scope: all, target: ip}`,
      5,
      /duration/,
    ],
    [
      'a response for too long',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-respond: {action: deny, scope: all, target: ip, duration: 31d}`,
      5,
      /30 days/,
    ],
    [
      'an unknown action',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-respond: {action: nuke, scope: all, target: ip, duration: 1h}`,
      5,
      /"nuke"/,
    ],
    [
      'an unknown field of the response',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-respond: {action: deny, scope: all, target: ip, duration: 1h, ban: yes}`,
      5,
      /"ban"/,
    ],
    [
      'an example without a verdict',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-tests:\n  - name: x\n    events: [{x: 1}]`,
      6,
      /true or false/,
    ],
    [
      'an example that repeats too often',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-tests:\n  - {name: x, match: true, events: [{x: 1, repeat: 20000}]}`,
      6,
      /at most/,
    ],
    [
      'an example that is nested',
      `${HEAD}detection: {a: {x: 1}, condition: a}\nx-tests:\n  - {name: x, match: true, events: [{x: {y: 1}}]}`,
      6,
      /flat/,
    ],
    ['a rule that is a list', '- a\n- b', 1, /mapping/],
    ['an id with a bar', 'title: Test\nid: a|b\nlogsource: {category: web}\ndetection: {a: {x: 1}, condition: a}', 2, /id/],
  ])('tells %s by line and reason', (_, text, line, reason) => {
    const { rules, problems } = compileText(text)
    expect(rules.rules).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'test.yml', line })
    expect(problems[0]?.reason).toMatch(reason)
  })

  it.each<[string, string, RegExp]>([
    ['an unknown type', COUNT.replace('event_count', 'event_cont'), /unknown correlation type/],
    ['a sum of nothing', COUNT.replace('event_count', 'value_sum'), /needs a field/],
    ['no rules', COUNT.replace('[base]', '[]'), /rules/],
    ['a rule that is not there', COUNT.replace('[base]', '[nothing]'), /"nothing"/],
    ['itself', COUNT.replace('[base]', '[test]'), /itself|cannot run/],
    ['no timespan', COUNT.replace('timespan: 5m\n', ''), /timespan/],
    ['a bad timespan', COUNT.replace('5m', 'soon'), /timespan/],
    ['no condition', COUNT.replace('\ncondition: {gte: 3}', ''), /condition/],
    ['an empty condition', COUNT.replace('{gte: 3}', '{}'), /condition needs/],
    ['a broken number', COUNT.replace('gte: 3', 'gte: three'), /whole number/],
    ['an unknown operator', COUNT.replace('gte', 'atleast'), /atleast/],
    ['a field where events are counted', COUNT.replace('gte: 3', 'gte: 3, field: x'), /"field"/],
    ['no field where values are counted', COUNT.replace('event_count', 'value_count'), /field/],
    ['an unknown part', `${COUNT}\nwithin: 5m`, /"within"/],
    ['one step', 'type: temporal_ordered\nrules: [base]\ntimespan: 5m', /two rules/],
    ['a condition over other rules', 'type: temporal\nrules: [base, base]\ntimespan: 5m\ncondition: base and other', /"other"/],
    ['a condition that cannot hold', 'type: temporal\nrules: [base, base]\ntimespan: 5m\ncondition: base and not base', /never hold/],
  ])('tells a correlation with %s', (_, body, reason) => {
    const { rules, problems } = compileText(correlation(body))
    expect(rules.rules.map((rule) => rule.id)).toEqual(['base'])
    expect(problems[0]?.ruleId).toBe('test')
    expect(problems[0]?.reason).toMatch(reason)
  })

  it('runs the other rules of a file and of other files', () => {
    const good = singleRule('a: {x: 1}\ncondition: a')
    const { rules, problems } = compileRules([
      { file: 'a.yml', text: `${HEAD.replace('id: test', 'id: bad')}detection: {a: {x|y: 1}, condition: a}\n---\n${good}` },
      { file: 'b.yml', text: 'a: [' },
      { file: 'c.yml', text: good.replace('id: test', 'id: other') },
    ])
    expect(rules.rules.map((rule) => rule.id)).toEqual(['test', 'other'])
    expect(problems.map((problem) => problem.file)).toContain('b.yml')
    expect(problems).toContainEqual(expect.objectContaining({ file: 'a.yml', ruleId: 'bad' }))
  })

  it('refuses an id that is taken, naming the other file', () => {
    const text = singleRule('a: {x: 1}\ncondition: a')
    const { rules, problems } = compileRules([
      { file: 'a.yml', text },
      { file: 'b.yml', text },
    ])
    expect(rules.rules).toHaveLength(1)
    expect(problems[0]?.reason).toContain('a.yml')
  })

  it('drops a correlation whose rule cannot run, and one that refers in a circle', () => {
    const { rules, problems } = compileText(
      `${HEAD.replace('id: test', 'id: bad')}detection: {a: {'x|nope': 1}, condition: a}\n---\ntitle: On bad\nid: on-bad\ncorrelation: {type: event_count, rules: [bad], timespan: 1m, condition: {gte: 1}}\n` +
        '---\ntitle: A\nid: a\ncorrelation: {type: event_count, rules: [b], timespan: 1m, condition: {gte: 1}}\n---\ntitle: B\nid: b\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 1}}\n',
    )
    expect(rules.rules).toEqual([])
    expect(problems.map((problem) => problem.ruleId)).toEqual(expect.arrayContaining(['bad', 'on-bad', 'a', 'b']))
  })

  it('does not build on fields that are gone when the time of a condition is over', () => {
    const { problems } = compileText(
      `${correlation(COUNT.replace('gte', 'lt'))}---\ntitle: Later\nid: later\ncorrelation: {type: event_count, rules: [test], group-by: [user.name], timespan: 1m, condition: {gte: 1}}\n`,
    )
    expect(problems[0]).toMatchObject({ ruleId: 'later' })
    expect(problems[0]?.reason).toMatch(/"user.name".*source.ip/)
  })

  it('silences a rule that only feeds a correlation, unless it should alert too', () => {
    const alerts = (text: string): boolean[] => compileText(text).rules.rules.map((rule) => rule.alerts)
    expect(alerts(correlation(COUNT))).toEqual([false, true])
    expect(alerts(correlation(`${COUNT}\ngenerate: true`))).toEqual([true, true])
    expect(alerts(correlation(COUNT, 'generate: true\n'))).toEqual([true, true])
    expect(alerts(correlation(`${COUNT}\ngenerate: true`, 'x-except: {rule: base}\n'))).toEqual([false, true])
  })

  it('reads aliases by name and by id', () => {
    const { rules } = compileText(correlation(`${COUNT.replace('[source.ip]', '[who]')}\naliases:\n  who:\n    base: user.name`))
    expect(rules.program[1]).toMatchObject({ groupBy: [{ name: 'who', fields: ['user.name'] }] })
  })

  it('accepts both names of an ordered sequence', () => {
    for (const type of ['temporal_ordered', 'ordered_temporal'])
      expect(compileText(correlation(`type: ${type}\nrules: [base, base]\ntimespan: 5m`)).rules.rules[1]?.kind).toBe('temporal_ordered')
  })

  it('gives a rule without id one that stays', () => {
    const text = singleRule('a: {x: 1}\ncondition: a').replace('id: test\n', '')
    const id = compileText(text).rules.rules[0]?.id
    expect(id).toMatch(/^sha256-/)
    expect(compileText(`# moved\n${text}`).rules.rules[0]?.id).toBe(id)
  })

  it('lets attributes of other people pass', () => {
    expect(compileText(`${singleRule('a: {x: 1}\ncondition: a')}\nsimulation: {type: atomic}\nregression_tests_path: x`).problems).toEqual(
      [],
    )
  })

  it('never throws, whatever the file', async () => {
    const text = (await builtinRules()).map((source) => source.text).join('\n---\n')
    const lines = text.split('\n')
    const edit = fc.tuple(
      fc.nat(lines.length - 1),
      fc.oneof(
        fc.string({ maxLength: 20 }),
        fc.constantFrom('', '  condition: x', 'detection: 1', '  - ', 'correlation: {}', 'x-tests: 7', '    x|re: "("', 'id: [1]'),
      ),
    )
    fc.assert(
      fc.property(fc.nat(lines.length - 30), fc.array(edit, { maxLength: 3 }), (from, edits) => {
        const part = lines.slice(from, from + 30)
        for (const [at, line] of edits) part[at % part.length] = line
        const { problems } = compileText(part.join('\n'))
        for (const problem of problems) expect(problem.line).toBeGreaterThan(0)
      }),
      { numRuns: 150 },
    )
  })
})

describe('built-in rules', () => {
  it('are read from beside the code, with unique ids and no problem', async () => {
    const sources = await builtinRules()
    const { rules, problems } = compileRules(sources)
    expect(problems).toEqual([])
    expect(rules.rules.filter((rule) => rule.alerts).length).toBeGreaterThanOrEqual(16)
    expect(new Set(rules.rules.map((rule) => rule.id)).size).toBe(rules.rules.length)
  })

  it('each say what they find, when they are wrong, and prove it by examples that match and that do not', async () => {
    const { rules } = compileRules(await builtinRules())
    const wanting = rules.program.filter(
      (rule) =>
        !/^[0-9a-f]{8}-[0-9a-f]{4}-5/.test(rule.id) ||
        rule.description.length <= 20 ||
        !rule.examples().some((example) => example.match) ||
        !rule.examples().some((example) => !example.match) ||
        (rule.alerts && (rule.falsePositives.length === 0 || rule.tags.length === 0)),
    )
    expect(wanting.map((rule) => rule.title)).toEqual([])
  })

  it('enforce nothing but sign-in by themselves', async () => {
    const enforced = compileRules(await builtinRules()).rules.rules.filter((rule) => rule.respond?.mode === 'enforce')
    expect(enforced.length).toBeGreaterThan(0)
    expect(enforced.filter((rule) => rule.respond?.scope !== 'login')).toEqual([])
  })

  it('are shipped in the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { files: string[] }
    expect(manifest.files).toContain('rules')
  })
})
