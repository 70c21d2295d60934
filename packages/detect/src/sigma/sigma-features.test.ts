import type { FieldValue } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { compileRules, type CompileOptions } from './compile.js'

// One test for each thing that the Sigma specifications 2.1 (rules, correlations, filters, modifiers) have, by its name there.

type Fields = Record<string, FieldValue>

const alertsOf = (text: string, events: readonly Fields[], options: CompileOptions = {}): string[] => {
  const { rules, problems } = compileRules([{ file: 'feature.yml', text }], options)
  expect(problems).toEqual([])
  const engine = createEngine({ rules })
  const told = events.flatMap((fields, i) => engine.process({ '@timestamp': (i + 1) * 1_000, 'event.category': 'web', ...fields }, i + 1))
  return [...told, ...engine.flush()].filter(({ kind }) => kind === 'fired').map(({ alert }) => alert.rule.id)
}
const problemOf = (text: string, options: CompileOptions = {}): string => {
  const { problems } = compileRules([{ file: 'feature.yml', text }], options)
  expect(problems).toHaveLength(1)
  expect(problems[0]?.line).toBeGreaterThan(0)
  return problems[0]?.reason ?? ''
}
const infoOf = (text: string, options: CompileOptions = {}) => {
  const { rules, problems } = compileRules([{ file: 'feature.yml', text }], options)
  expect(problems).toEqual([])
  return rules.rules[0]
}

const rule = (detection: string, more = '', id = 'r'): string =>
  `title: Rule ${id}\nid: ${id}\nname: ${id}\nlogsource: {category: webserver}\n${more}detection:\n${detection
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
const item = (text: string): string => rule(`sel:\n  ${text}\ncondition: sel`)

describe('Sigma rules, detections', () => {
  it.each<[string, string, Fields, Fields]>([
    ['values are compared without case', item('x: AbC'), { x: 'aBc' }, { x: 'abcd' }],
    ['map: all fields (and)', rule('sel: {x: 1, y: 2}\ncondition: sel'), { x: 1, y: 2 }, { x: 1 }],
    ['list of values (or)', item('x: [a, b]'), { x: 'b' }, { x: 'c' }],
    ['list of maps (or)', rule('sel:\n  - x: 1\n  - y: 2\ncondition: sel'), { y: 2 }, { y: 1 }],
    ['list of strings: keywords', rule('sel: [needle, pin]\ncondition: sel'), { message: 'a PIN here' }, { message: 'hay' }],
    ['a single string as keyword', rule('sel: needle\ncondition: sel'), { message: 'needle' }, { message: 'hay' }],
    ["keywords with '|all'", rule("sel:\n  '|all': [needle, pin]\ncondition: sel"), { message: 'pin, needle' }, { message: 'pin' }],
    ["keywords with '|re'", rule("sel:\n  '|re': ['n[e]+dle']\ncondition: sel"), { message: 'a neeedle' }, { message: 'ndle' }],
    ['lists of maps and keywords mixed', rule('sel:\n  - x: 1\n  - needle\ncondition: sel'), { message: 'needle' }, { x: 2 }],
    ['wildcard *', item("x: 'a*c'"), { x: 'abbc' }, { x: 'abb' }],
    ['wildcard ?', item("x: 'a?c'"), { x: 'abc' }, { x: 'ac' }],
    ['escaped *', item("x: 'a\\*c'"), { x: 'a*c' }, { x: 'abc' }],
    ['escaped ?', item("x: 'a\\?c'"), { x: 'a?c' }, { x: 'abc' }],
    ['plain backslash', item("x: 'a\\c'"), { x: 'a\\c' }, { x: 'ac' }],
    ['backslash before a wildcard', item("x: 'a\\\\*'"), { x: 'a\\bc' }, { x: 'a*' }],
    ['three backslashes', item("x: 'a\\\\\\*'"), { x: 'a\\*' }, { x: 'a\\b' }],
    ['empty value', item("x: ''"), { x: '' }, { x: 'a' }],
    ['null value', item('x: null'), { y: 1 }, { x: 'a' }],
    ['not null', rule('sel: {y: 1}\nfil: {x: null}\ncondition: sel and not fil'), { x: 'a', y: 1 }, { y: 1 }],
    ['number value', item('x: 404'), { x: 404 }, { x: 4040 }],
    ['boolean value', item('x: true'), { x: true }, { x: false }],
    ['field names with dots and spaces', item("'my field.name': a"), { 'my field.name': 'a' }, { x: 'a' }],
  ])('%s', (_, text, match, quiet) => {
    expect(alertsOf(text, [match])).toEqual(['r'])
    expect(alertsOf(text, [quiet])).toEqual([])
  })
})

describe('Sigma modifiers', () => {
  const offset = Buffer.from('an attack').toString('base64')
  it.each<[string, string, Fields, Fields]>([
    ['contains', 'x|contains: bc', { x: 'abcd' }, { x: 'ac' }],
    ['startswith', 'x|startswith: ab', { x: 'abcd' }, { x: 'bab' }],
    ['endswith', 'x|endswith: cd', { x: 'abcd' }, { x: 'cda' }],
    ['all', 'x|contains|all: [a, b]', { x: 'ba' }, { x: 'a' }],
    ['exists: true', 'x|exists: true', { x: '' }, { y: 1 }],
    ['exists: false', 'x|exists: false', { y: 1 }, { x: 1 }],
    ['cased', 'x|cased: Abc', { x: 'Abc' }, { x: 'abc' }],
    ['contains and cased', 'x|contains|cased: Abc', { x: 'xAbc' }, { x: 'xabc' }],
    ['neq with text', 'x|neq: abc', { x: 'abd' }, { x: 'ABC' }],
    ['neq with a number', 'x|neq: 5', { x: 6 }, { x: 5 }],
    ['neq with fieldref', 'x|fieldref|neq: y', { x: 'a', y: 'b' }, { x: 'a', y: 'a' }],
    ['windash', "x|contains|windash: ' -enc '", { x: 'p –enc x' }, { x: 'p enc x' }],
    ['re', "x|re: '^a[bc]{2}d$'", { x: 'abcd' }, { x: 'ABCD' }],
    ['re with i', "x|re|i: '^a[bc]{2}d$'", { x: 'ABCD' }, { x: 'AD' }],
    ['re with m', "x|re|m: '^b$'", { x: 'a\nb' }, { x: 'ab' }],
    ['re with s', "x|re|s: '^a.b$'", { x: 'a\nb' }, { x: 'a\nbc' }],
    ['re with i, m and s', "x|re|i|m|s: '^B.c$'", { x: 'a\nb\nC' }, { x: 'a' }],
    ['base64', 'x|base64: attack', { x: 'YXR0YWNr' }, { x: 'attack' }],
    ['base64offset', 'x|base64offset|contains: attack', { x: offset }, { x: 'an attack' }],
    ['utf16le', 'x|utf16le|base64: cmd', { x: 'YwBtAGQA' }, { x: 'Y21k' }],
    ['wide', 'x|wide|base64: cmd', { x: 'YwBtAGQA' }, { x: 'Y21k' }],
    ['utf16be', 'x|utf16be|base64: cmd', { x: 'AGMAbQBk' }, { x: 'YwBtAGQA' }],
    ['utf16', 'x|utf16|base64: cmd', { x: '//5jAG0AZAA=' }, { x: 'YwBtAGQA' }],
    ['lt', 'x|lt: 5', { x: 4 }, { x: 5 }],
    ['lte', 'x|lte: 5', { x: 5 }, { x: 6 }],
    ['gt', 'x|gt: 5', { x: 6 }, { x: 5 }],
    ['gte', 'x|gte: 5', { x: 5 }, { x: 4 }],
    ['minute', 'x|minute: 30', { x: '2026-01-05T13:30:00Z' }, { x: '2026-01-05T13:31:00Z' }],
    ['hour', 'x|hour: 13', { x: '2026-01-05T13:30:00Z' }, { x: '2026-01-05T14:30:00Z' }],
    ['day', 'x|day: 5', { x: '2026-01-05T13:30:00Z' }, { x: '2026-01-06T13:30:00Z' }],
    ['week', 'x|week: 2', { x: '2026-01-05T13:30:00Z' }, { x: '2026-01-12T13:30:00Z' }],
    ['month', 'x|month: 1', { x: '2026-01-05T13:30:00Z' }, { x: '2026-02-05T13:30:00Z' }],
    ['year', 'x|year: 2026', { x: '2026-01-05T13:30:00Z' }, { x: '2025-01-05T13:30:00Z' }],
    ['a time modifier with a comparison is refused elsewhere; cidr (IPv4)', 'x|cidr: 10.0.0.0/8', { x: '10.1.2.3' }, { x: '11.1.2.3' }],
    ['cidr (IPv6)', "x|cidr: '2001:db8::/32'", { x: '2001:db8::1' }, { x: '2001:db9::1' }],
    ['fieldref', 'x|fieldref: y', { x: 'a', y: 'a' }, { x: 'a', y: 'b' }],
    ['fieldref with startswith', 'x|fieldref|startswith: y', { x: 'ab', y: 'a' }, { x: 'ab', y: 'b' }],
    ['fieldref with endswith', 'x|fieldref|endswith: y', { x: 'ab', y: 'b' }, { x: 'ab', y: 'a' }],
    ['fieldref with contains', 'x|fieldref|contains: y', { x: 'abc', y: 'b' }, { x: 'abc', y: 'd' }],
  ])('%s', (_, text, match, quiet) => {
    expect(alertsOf(item(text), [match])).toEqual(['r'])
    expect(alertsOf(item(text), [quiet])).toEqual([])
  })

  it('expand: a placeholder with several values, with text around it and with wildcards', () => {
    const options = { placeholders: { Servers: ['web', 'db*'], Zone: ['a', 'b'] } }
    const text = item("x|expand: 'srv-%Servers%-%Zone%'")
    expect(alertsOf(text, [{ x: 'srv-db7-b' }], options)).toEqual(['r'])
    expect(alertsOf(text, [{ x: 'srv-%Servers%-a' }], options)).toEqual([])
  })

  it('expand: in ranges of addresses', () => {
    const options = { placeholders: { internal: ['10.0.0.0/8', '192.168.0.0/16'] } }
    expect(alertsOf(item("x|cidr|expand: '%internal%'"), [{ x: '192.168.7.7' }], options)).toEqual(['r'])
    expect(alertsOf(item("x|cidr|expand: '%internal%'"), [{ x: '172.16.0.1' }], options)).toEqual([])
  })

  it('expand: an escaped percent sign is plain, and so is everything without the modifier', () => {
    const options = { placeholders: { name: ['v'] } }
    expect(alertsOf(item("x|expand: '\\%plain%name%'"), [{ x: '%plainv' }], options)).toEqual(['r'])
    expect(alertsOf(item("x: '%name%'"), [{ x: '%name%' }], options)).toEqual(['r'])
  })

  it('expand: a rule whose placeholder has no value is refused with the reason', () => {
    expect(problemOf(item("x|expand: '%Administrators%'"))).toMatch(/"%Administrators%" has no value/)
    expect(problemOf(item("x|expand: '%none%'"), { placeholders: { none: [] } })).toMatch(/empty list/)
  })

  it('an unknown modifier is refused, and so are two that do not go together', () => {
    expect(problemOf(item('x|containz: a'))).toMatch(/unknown modifier "containz"/)
    expect(problemOf(item('x|re|cidr: a'))).toMatch(/do not go together/)
  })
})

describe('Sigma conditions', () => {
  const selections = 'sel_a: {x: 1}\nsel_b: {y: 1}\nfil: {z: 1}\n_own: {w: 1}\n'
  it.each<[string, string, Fields, Fields]>([
    ['and', 'sel_a and sel_b', { x: 1, y: 1 }, { x: 1 }],
    ['or', 'sel_a or sel_b', { y: 1 }, { z: 1 }],
    ['not', 'sel_a and not fil', { x: 1 }, { x: 1, z: 1 }],
    ['parentheses', '(sel_a or sel_b) and fil', { y: 1, z: 1 }, { y: 1 }],
    ['precedence: not, and, or', 'sel_a or sel_b and not fil', { x: 1, z: 1 }, { y: 1, z: 1 }],
    ['1 of them, without names that begin with an underscore', '1 of them', { z: 1 }, { w: 1 }],
    ['all of them, without names that begin with an underscore', 'all of them', { x: 1, y: 1, z: 1 }, { x: 1, y: 1 }],
    ['1 of a pattern', '1 of sel_*', { y: 1 }, { z: 1 }],
    ['all of a pattern', 'all of sel_*', { x: 1, y: 1 }, { x: 1 }],
    ['any of', 'any of sel_*', { y: 1 }, { z: 1 }],
    ['not 1 of a pattern', 'sel_a and not 1 of fil*', { x: 1 }, { x: 1, z: 1 }],
    ['a pattern with a star in the middle', '1 of s*_b', { y: 1 }, { x: 1 }],
    ['a list of conditions (or)', '[sel_a and sel_b, fil]', { z: 1 }, { x: 1 }],
  ])('%s', (_, condition, match, quiet) => {
    const text = rule(`${selections}condition: ${condition}`)
    expect(alertsOf(text, [match])).toEqual(['r'])
    expect(alertsOf(text, [quiet])).toEqual([])
  })
})

describe('Sigma rules, attributes', () => {
  const plain = 'a: {x: 1}\ncondition: a'

  it('title, id, name, description, author, license, references, date, modified, falsepositives, level and tags are kept', () => {
    const more =
      'description: What it finds\nauthor: A. Writer\nlicense: MIT\nreferences: [https://example.org/a]\ndate: 2026-01-01\nmodified: 2026-02-01\nfalsepositives: [Tests]\nlevel: high\ntags: [attack.t1190]\n'
    expect(infoOf(rule(plain, more))).toMatchObject({
      id: 'r',
      name: 'r',
      title: 'Rule r',
      description: 'What it finds',
      author: 'A. Writer',
      license: 'MIT',
      references: ['https://example.org/a'],
      version: '2026-02-01',
      falsePositives: ['Tests'],
      level: 'high',
      tags: ['attack.t1190'],
    })
  })

  it('related: types and ids are kept', () => {
    expect(infoOf(rule(plain, 'related:\n  - {id: abc, type: derived}\n  - {id: def, type: obsolete}\n'))?.related).toEqual([
      { id: 'abc', type: 'derived' },
      { id: 'def', type: 'obsolete' },
    ])
  })

  it('taxonomy: sigma and ecs run, another one is refused unless a pipeline translates it', () => {
    for (const taxonomy of ['sigma', 'ecs']) expect(infoOf(rule(plain, `taxonomy: ${taxonomy}\n`))?.id).toBe('r')
    const text = rule('a: {Klient: 1}\ncondition: a', 'taxonomy: other\n')
    expect(problemOf(text)).toMatch(/taxonomy is "other"/)
    const pipelines = [
      { file: 'p.yml', text: 'x-taxonomies: [other]\ntransformations: [{type: field_name_mapping, mapping: {Klient: x}}]' },
    ]
    expect(alertsOf(text, [{ x: 1 }], { pipelines })).toEqual(['r'])
  })

  it('status: stable, test and experimental run', () => {
    for (const status of ['stable', 'test', 'experimental']) expect(infoOf(rule(plain, `status: ${status}\n`))?.status).toBe(status)
  })

  it('status: a deprecated rule does not run, and names what takes its place; it can be asked for', () => {
    const text = rule(plain, 'status: deprecated\nrelated: [{id: newer, type: obsolete}]\n')
    expect(problemOf(text)).toMatch(/deprecated; related: newer/)
    expect(alertsOf(text, [{ x: 1 }], { deprecated: true })).toEqual(['r'])
  })

  it('status: an unsupported rule is refused always', () => {
    expect(problemOf(rule(plain, 'status: unsupported\n'), { deprecated: true })).toMatch(/unsupported/)
  })

  it("fields are kept under the events' own names", () => {
    expect(infoOf(rule(plain, 'fields: [c-ip, cs-method, user.name]\n'))?.fields).toEqual(['source.ip', 'http.request.method', 'user.name'])
  })

  it('scope is kept', () => {
    expect(infoOf(rule(plain, 'scope: [server]\n'))?.scope).toEqual(['server'])
  })

  it('logsource: category, product and service choose the events; definition and other keys are for readers', () => {
    const text = rule(plain).replace('{category: webserver}', '{product: nginx, definition: access logs, vendor: x}')
    expect(alertsOf(text, [{ x: 1, 'event.dataset': 'nginx.access' }])).toEqual(['r'])
    expect(alertsOf(text, [{ x: 1, 'event.dataset': 'apache.access' }])).toEqual([])
    const service = rule(plain).replace('{category: webserver}', '{product: linux, service: sshd}')
    expect(alertsOf(service, [{ x: 1, 'event.dataset': 'sshd' }])).toEqual(['r'])
    expect(alertsOf(service, [{ x: 1, 'event.dataset': 'sudo' }])).toEqual([])
  })

  it('custom attributes of others are passed over', () => {
    expect(infoOf(rule(plain, 'our_ticket: {number: 7}\n'))?.id).toBe('r')
  })

  it.each(['informational', 'low', 'medium', 'high', 'critical'])('level: %s', (level) => {
    expect(infoOf(rule(plain, `level: ${level}\n`))?.level).toBe(level)
  })
})

describe('Sigma filters', () => {
  const base = rule('a: {x: 1}\ncondition: a', '', 'one')
  const filter = (rules: string, more = 'category: webserver'): string =>
    `---\ntitle: Known scanner\nid: f\nlogsource: {${more}}\nfilter:\n  rules: ${rules}\n  selection: {user.name|startswith: adm_}\n  condition: not selection\n`
  const events = [
    { x: 1, 'source.ip': '198.18.0.1', 'user.name': 'adm_a' },
    { x: 1, 'source.ip': '198.18.0.2', 'user.name': 'eve' },
  ]

  it('by id: the condition must hold too', () => {
    expect(alertsOf(base + filter('[one]'), events)).toEqual(['one'])
    expect(alertsOf(base + filter('[one]'), events.slice(0, 1))).toEqual([])
  })

  it('by name, and of several rules', () => {
    const two = `${base}---\n${rule('a: {x: 1}\ncondition: a', '', 'two')}`.replace('id: two', 'id: other-id')
    expect(alertsOf(two + filter('[one, two]'), events.slice(0, 1))).toEqual([])
    expect(alertsOf(two + filter('[two]'), events.slice(0, 1))).toEqual(['one'])
  })

  it('any: all rules of its log source', () => {
    const other = `${base}---\n${rule('a: {x: 1}\ncondition: a', '', 'two').replace('category: webserver', 'category: web')}`
    expect(alertsOf(other + filter('any'), events.slice(0, 1))).toEqual(['two'])
  })

  it('a filter in a file of its own, before the rules', () => {
    const { rules, problems } = compileRules([
      { file: 'filter.yml', text: filter('[one]') },
      { file: 'rule.yml', text: base },
    ])
    expect(problems).toEqual([])
    const engine = createEngine({ rules })
    expect(engine.process({ '@timestamp': 1, 'event.category': 'web', ...events[0] }, 1)).toEqual([])
  })

  it('a filter whose rule is missing is told, and the rules run', () => {
    const { rules, problems } = compileRules([{ file: 'x.yml', text: base + filter('[one, gone]') }])
    expect(rules.rules).toHaveLength(1)
    expect(problems).toEqual([{ file: 'x.yml', line: 9, ruleId: 'f', reason: 'filters "gone", which is no rule or cannot run' }])
  })

  it('a filter of another log source does not touch the rule, and that is told', () => {
    const text = base + filter('[one]', 'category: process_creation')
    expect(problemOf(text)).toMatch(/another log source/)
  })

  it('a filter of a correlation is told: the rules that it counts are filtered', () => {
    const counted = `${base}---\ntitle: Many\nid: many\ncorrelation: {type: event_count, rules: [one], timespan: 5m, condition: {gte: 2}}\n`
    expect(problemOf(counted + filter('[many]'))).toMatch(/is a correlation/)
    expect(alertsOf(counted + filter('[one]'), [events[0]!, events[0]!])).toEqual([])
    expect(alertsOf(counted + filter('[one]'), [events[1]!, events[1]!])).toEqual(['many'])
  })

  it('a broken filter is told by line, and the rules run without it', () => {
    expect(problemOf(base + filter('[one]').replace('not selection', 'not selektion'))).toMatch(/"selektion"/)
    expect(problemOf(base + filter('[]'))).toMatch(/needs rules/)
  })

  it('names of the log source and placeholders hold in a filter too', () => {
    const text = base + filter('[one]').replace('user.name|startswith: adm_', "'c-ip|cidr|expand': '%internal%'")
    const placeholders = { internal: ['198.18.0.1/32'] }
    expect(alertsOf(text, events.slice(0, 1), { placeholders })).toEqual([])
    expect(alertsOf(text, events.slice(1), { placeholders })).toEqual(['one'])
  })
})

describe('Sigma rule collections', () => {
  const own = (id: string, value: number): string => `title: ${id}\nid: ${id}\ndetection: {a: {x: ${value}}, condition: a}\n`
  const shared = 'action: global\nlogsource: {category: webserver}\nlevel: high\n'

  it('several documents in one file', () => {
    expect(alertsOf(`${rule('a: {x: 1}\ncondition: a', '', 'one')}---\n${rule('a: {x: 1}\ncondition: a', '', 'two')}`, [{ x: 1 }])).toEqual(
      ['one', 'two'],
    )
  })

  it('action: global is laid under every rule after it', () => {
    const text = `${shared}---\n${own('one', 1)}---\n${own('two', 2)}`
    expect(alertsOf(text, [{ x: 1 }, { x: 2 }])).toEqual(['one', 'two'])
    expect(infoOf(text)?.level).toBe('high')
  })

  it('action: reset ends it', () => {
    const { rules, problems } = compileRules([
      { file: 'x.yml', text: `${shared}---\n${own('one', 1)}---\naction: reset\n---\n${own('two', 2)}` },
    ])
    expect(rules.rules.map((one) => one.id)).toEqual(['one'])
    expect(problems[0]?.reason).toMatch(/logsource/)
  })

  it('action: repeat is the rule before it with what it changes', () => {
    const text = `${rule('a: {x: 1, y: 1}\ncondition: a', '', 'one')}---\naction: repeat\nid: two\nname: two\ndetection: {a: {x: 2}}\n`
    expect(alertsOf(text, [{ x: 2, y: 1 }])).toEqual(['two'])
    expect(problemOf('action: repeat\nid: two\n')).toMatch(/rule before it/)
  })

  it('a collection that repeats too much is refused', () => {
    const values = Array.from({ length: 5_000 }, (_, i) => `v${i}`).join(', ')
    const big = `${rule(`a: {x: [${values}]}\ncondition: a`, '', 'one')}${Array.from({ length: 60 }, (_, i) => `---\naction: repeat\nid: r${i}\nname: r${i}\n`).join('')}`
    const { rules, problems } = compileRules([{ file: 'x.yml', text: big }])
    expect(rules.rules.length).toBeGreaterThan(1)
    expect(problems[0]?.reason).toMatch(/repeats more than/)
  })
})
