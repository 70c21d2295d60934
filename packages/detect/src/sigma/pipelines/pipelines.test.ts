import type { FieldValue } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.js'
import { compileRules, type CompileOptions } from '../compile.js'
import { explainRule } from '../explain.js'

type Fields = Record<string, FieldValue>

const rule = (detection: string, source = 'category: web', more = ''): string =>
  `title: Rule\nid: r\n${more}logsource: {${source}}\ndetection:\n${detection
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`
const pipeline = (...steps: string[]): string =>
  `name: test\ntransformations:\n${steps.map((step) => `  - ${step.split('\n').join('\n    ')}`).join('\n')}\n`
const options = (...texts: string[]): CompileOptions => ({ pipelines: texts.map((text, i) => ({ file: `p${i}.yml`, text })) })
const compiled = (text: string, more: CompileOptions) => {
  const { rules, problems } = compileRules([{ file: 'r.yml', text }], more)
  expect(problems).toEqual([])
  return rules
}
const matches = (text: string, more: CompileOptions, fields: Fields): boolean =>
  createEngine({ rules: compiled(text, more) }).process({ '@timestamp': 1, 'event.category': 'web', ...fields }, 1).length > 0
const problems = (text: string, more: CompileOptions): string[] =>
  compileRules([{ file: 'r.yml', text }], more).problems.map(({ file, line, reason }) => `${file}:${line}: ${reason}`)

describe('pipelines, transformations', () => {
  it.each<[string, string, string[], Fields, Fields]>([
    [
      'field_name_mapping',
      'a: {Name: x}\ncondition: a',
      ['type: field_name_mapping\nmapping: {Name: user.name}'],
      { 'user.name': 'x' },
      { Name: 'x' },
    ],
    [
      'field_name_mapping to several: any of them',
      'a: {Name: x}\ncondition: a',
      ['type: field_name_mapping\nmapping: {Name: [user.name, user.id]}'],
      { 'user.id': 'x' },
      { Name: 'x' },
    ],
    [
      'field_name_mapping to several, negated: none of them',
      'b: {y: 1}\na: {Name: x}\ncondition: b and not a',
      ['type: field_name_mapping\nmapping: {Name: [user.name, user.id]}'],
      { y: 1, 'user.id': 'z' },
      { y: 1, 'user.id': 'x' },
    ],
    [
      'field_name_mapping to several, null: all of them are missing',
      'b: {y: 1}\na: {Name: null}\ncondition: a and b',
      ['type: field_name_mapping\nmapping: {Name: [user.name, user.id]}'],
      { y: 1 },
      { y: 1, 'user.id': 'x' },
    ],
    [
      'field_name_mapping in fieldref',
      'a: {x|fieldref: Name}\ncondition: a',
      ['type: field_name_mapping\nmapping: {Name: user.name}'],
      { x: 'a', 'user.name': 'a' },
      { x: 'a', Name: 'a' },
    ],
    [
      'field_name_prefix_mapping: the longest prefix',
      'a: {win.data.User: x}\ncondition: a',
      ['type: field_name_prefix_mapping\nmapping: {win.: w., win.data.: d.}'],
      { 'd.User': 'x' },
      { 'w.data.User': 'x' },
    ],
    ['field_name_prefix', 'a: {x: 1}\ncondition: a', ['type: field_name_prefix\nprefix: my.'], { 'my.x': 1 }, { x: 1 }],
    ['field_name_suffix', 'a: {x: 1}\ncondition: a', ['type: field_name_suffix\nsuffix: .text'], { 'x.text': 1 }, { x: 1 }],
    ['add_condition', 'a: {x: 1}\ncondition: a', ['type: add_condition\nconditions: {tenant: [a, b]}'], { x: 1, tenant: 'b' }, { x: 1 }],
    [
      'add_condition, negated',
      'a: {x: 1}\nb: {y: 1}\ncondition: a or b',
      ['type: add_condition\nnegated: true\nconditions: {user.name|startswith: svc-}'],
      { y: 1, 'user.name': 'eve' },
      { y: 1, 'user.name': 'svc-a' },
    ],
    [
      'add_condition before a mapping is mapped, after it is not',
      'a: {x: 1}\ncondition: a',
      [
        'type: add_condition\nconditions: {one: 1}',
        'type: field_name_mapping\nmapping: {one: first, two: second}',
        'type: add_condition\nconditions: {two: 2}',
      ],
      { x: 1, first: 1, two: 2 },
      { x: 1, one: 1, second: 2 },
    ],
    [
      'drop_detection_item',
      'a: {x: 1, y: 1}\ncondition: a',
      ['type: drop_detection_item\nfield_name_conditions: [{type: include_fields, fields: [y]}]'],
      { x: 1 },
      { y: 1 },
    ],
    [
      'replace_string',
      "a: {x: 'C:\\Temp\\a'}\ncondition: a",
      ["type: replace_string\nregex: '^C:'\nreplacement: 'D:'"],
      { x: 'D:\\Temp\\a' },
      { x: 'C:\\Temp\\a' },
    ],
    [
      'replace_string with groups',
      'a: {x: user-7}\ncondition: a',
      ["type: replace_string\nregex: '([a-z]+)-([0-9])'\nreplacement: '\\2$\\1'"],
      { x: '7$user' },
      { x: 'user-7' },
    ],
    [
      'replace_string in keywords',
      'a: [one]\ncondition: a',
      ['type: replace_string\nregex: one\nreplacement: two'],
      { message: 'two' },
      { message: 'one' },
    ],
    ['wildcard_placeholders', "a: {x|expand: 'a%any%c'}\ncondition: a", ['type: wildcard_placeholders'], { x: 'abbc' }, { x: 'ab' }],
  ])('%s', (_, detection, steps, match, quiet) => {
    expect(matches(rule(detection), options(pipeline(...steps)), match)).toBe(true)
    expect(matches(rule(detection), options(pipeline(...steps)), quiet)).toBe(false)
  })

  it('value_placeholders: variables of the pipeline; those it leaves out are for the options', () => {
    const text = `vars: {admins: [root, 'adm*'], hosts: [h]}\ntransformations: [{type: value_placeholders, include: [admins]}]`
    const more = { ...options(text), placeholders: { hosts: ['other'] } }
    const both = rule("a: {x|expand: '%admins%', y|expand: '%hosts%'}\ncondition: a")
    expect(matches(both, more, { x: 'adm7', y: 'other' })).toBe(true)
    expect(matches(both, more, { x: 'root', y: 'h' })).toBe(false)
    expect(problems(both, options(text))[0]).toMatch(/"%hosts%" has no value/)
  })

  it('change_logsource: the rule reads other events, and its names are those of the new log source', () => {
    const text = rule("a: {Image|endswith: '/sh'}\ncondition: a", 'category: shells')
    const steps = ['type: change_logsource\ncategory: process_creation\nproduct: linux']
    const event = { 'event.category': 'process', 'event.dataset': 'auditd', 'process.executable': '/bin/sh' }
    expect(matches(text, options(pipeline(...steps)), event)).toBe(true)
    expect(matches(text, {}, event)).toBe(false)
  })

  it('rule_failure and detection_item_failure refuse a rule with their message; others run', () => {
    const refuse = pipeline('type: rule_failure\nmessage: no such logs here\nrule_conditions: [{type: logsource, category: web}]')
    expect(problems(rule('a: {x: 1}\ncondition: a'), options(refuse))).toEqual(['r.yml:1: no such logs here'])
    expect(problems(rule('a: {x: 1}\ncondition: a', 'category: proxy'), options(refuse))).toEqual([])
    const item = pipeline(
      'type: detection_item_failure\nmessage: cannot see y\nfield_name_conditions: [{type: include_fields, fields: [y]}]',
    )
    expect(problems(rule('a: {y: 1}\ncondition: a'), options(item))).toEqual(['r.yml:5: cannot see y'])
  })

  it('refuses a rule of which a selection would be emptied: it would match everything, or nothing', () => {
    const drop = pipeline('type: drop_detection_item\nfield_name_conditions: [{type: include_fields, fields: [y]}]')
    expect(problems(rule('a: {x: 1}\nb: {y: 1}\ncondition: a and not b'), options(drop))).toEqual([
      'r.yml:6: a pipeline drops all of this selection',
    ])
  })

  it('maps names of correlations and of fields too', () => {
    const text = `${rule('a: {Name: x}\ncondition: a', 'category: web', 'name: one\nfields: [Name]\n')}---\ntitle: Many\nid: many\ncorrelation: {type: value_count, rules: [one], group-by: [Name], timespan: 5m, condition: {field: Client, gte: 2}}\n`
    const rules = compiled(text, options(pipeline('type: field_name_mapping\nmapping: {Name: user.name, Client: source.ip}')))
    expect(rules.rules[0]?.fields).toEqual(['user.name'])
    expect(rules.program[1]).toMatchObject({ groupBy: [{ name: 'user.name', fields: ['user.name'] }], valueFields: ['source.ip'] })
    expect(explainRule(rules, 'many')).toContain('with the same user.name')
  })

  it('are applied by priority, not by place', () => {
    const first = `priority: 10\ntransformations: [{type: field_name_mapping, mapping: {x: y}}]`
    const second = `priority: 20\ntransformations: [{type: field_name_mapping, mapping: {y: z}}]`
    expect(matches(rule('a: {x: 1}\ncondition: a'), options(second, first), { z: 1 })).toBe(true)
  })
})

describe('pipelines, conditions', () => {
  const map = (conditions: string): string => pipeline(`type: field_name_mapping\nmapping: {x: y}\n${conditions}`)
  it.each<[string, string, boolean]>([
    ['logsource', 'rule_conditions: [{type: logsource, category: web}]', true],
    ['logsource of others', 'rule_conditions: [{type: logsource, category: web, product: nginx}]', false],
    ['is_sigma_rule', 'rule_conditions: [{type: is_sigma_rule}]', true],
    ['is_sigma_correlation_rule', 'rule_conditions: [{type: is_sigma_correlation_rule}]', false],
    ['rule_attribute', 'rule_conditions: [{type: rule_attribute, attribute: author, value: A}]', true],
    ['rule_attribute in a list', 'rule_conditions: [{type: rule_attribute, attribute: tags, value: attack.t1190}]', true],
    ['rule_attribute, compared', "rule_conditions: [{type: rule_attribute, attribute: date, value: '2026-01-01', op: gte}]", true],
    ['rule_attribute, less', "rule_conditions: [{type: rule_attribute, attribute: date, value: '2026-01-01', op: lt}]", false],
    ['rule_attribute that is not there', 'rule_conditions: [{type: rule_attribute, attribute: custom, value: A}]', false],
    ['rule_cond_op: or', 'rule_cond_op: or\nrule_conditions: [{type: is_sigma_rule}, {type: logsource, category: nothing}]', true],
    ['rule_cond_op: and', 'rule_conditions: [{type: is_sigma_rule}, {type: logsource, category: nothing}]', false],
    ['rule_cond_not', 'rule_cond_not: true\nrule_conditions: [{type: logsource, category: nothing}]', true],
    ['include_fields', 'field_name_conditions: [{type: include_fields, fields: [x]}]', true],
    ['include_fields by expression', "field_name_conditions: [{type: include_fields, mode: re, fields: ['^[xz]$']}]", true],
    ['exclude_fields', 'field_name_conditions: [{type: exclude_fields, fields: [x]}]', false],
    ['field_name_cond_not', 'field_name_cond_not: true\nfield_name_conditions: [{type: include_fields, fields: [x]}]', false],
    ['match_string', "detection_item_conditions: [{type: match_string, cond: any, pattern: '^v'}]", true],
    ['match_string, all', "detection_item_conditions: [{type: match_string, cond: all, pattern: '^v1'}]", false],
    ['match_string, negated', "detection_item_conditions: [{type: match_string, cond: any, negate: true, pattern: '^v'}]", false],
    [
      'detection_item_cond_op',
      "detection_item_cond_op: or\ndetection_item_conditions: [{type: match_string, pattern: '^q'}, {type: match_value, value: v2}]",
      true,
    ],
    ['contains_wildcard', 'detection_item_conditions: [{type: contains_wildcard}]', false],
  ])('%s', (_, conditions, applies) => {
    const text = rule('a: {x: [v1, v2]}\ncondition: a', 'category: web', 'author: A\ndate: 2026-03-01\ntags: [attack.t1190]\n')
    expect(matches(text, options(map(conditions)), { y: 'v1' })).toBe(applies)
    expect(matches(text, options(map(conditions)), { x: 'v1' })).toBe(!applies)
  })
})

describe('pipelines that cannot run', () => {
  it.each<[string, string, RegExp]>([
    ['not YAML', 'a: [', /^p0.yml:1: not YAML/],
    ['a list', '- a', /^p0.yml:1: a pipeline must be a mapping/],
    ['no transformations', 'name: x', /needs a list of transformations/],
    ['an unknown transformation', pipeline('type: set_state'), /^p0.yml:3: transformation "set_state" is not one of/],
    ['a key that it has not', pipeline('type: drop_detection_item\nfeilds: [x]'), /"feilds"/],
    ['an unknown rule condition', pipeline('type: drop_detection_item\nrule_conditions: [{type: always}]'), /rule condition "always"/],
    [
      'an unknown item condition',
      pipeline('type: drop_detection_item\ndetection_item_conditions: [{type: always}]'),
      /item condition "always"/,
    ],
    [
      'an unknown operator',
      pipeline('type: drop_detection_item\nrule_cond_op: xor\nrule_conditions: [{type: is_sigma_rule}]'),
      /takes and, or/,
    ],
    [
      'a bad comparison',
      pipeline('type: drop_detection_item\nrule_conditions: [{type: rule_attribute, attribute: a, value: b, op: like}]'),
      /"like"/,
    ],
    ['a bad expression', pipeline("type: replace_string\nregex: '(?=a)'\nreplacement: b"), /RE2/],
    ['a huge expression', pipeline(`type: replace_string\nregex: '${'a'.repeat(600)}'\nreplacement: b`), /at most 512/],
    ['a bad priority', `priority: high\n${pipeline('type: drop_detection_item')}`, /priority/],
    ['no mapping', pipeline('type: field_name_mapping'), /needs mapping/],
  ])('are told by line and left out: %s', (_, text, reason) => {
    const { rules, problems: told } = compileRules([{ file: 'r.yml', text: rule('a: {x: 1}\ncondition: a') }], options(text))
    expect(rules.rules).toHaveLength(1)
    expect(told.map(({ file, line, reason: why }) => `${file}:${line}: ${why}`).join('\n')).toMatch(reason)
  })

  it('never throw, whatever the text', () => {
    const lines = [
      'name: x',
      'transformations:',
      '  - type: field_name_mapping',
      '    mapping: {x: [y, z]}',
      '  - type: value_placeholders',
      '  - type: replace_string',
      "    regex: '('",
      '    rule_conditions: [{type: logsource, category: web}]',
      '  - type: add_condition',
      '    conditions: {x|re: "("}',
      'vars: {a: [b]}',
      'priority: 7',
      '- 7',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ maxLength: 12 })), { maxLength: 12 }), (some) => {
        const { problems: told } = compileRules(
          [{ file: 'r.yml', text: rule("a: {x|expand: '%a%'}\ncondition: a") }],
          options(some.join('\n')),
        )
        for (const { line } of told) expect(line).toBeGreaterThan(0)
      }),
      { seed: 6, numRuns: 150 },
    )
  })
})

describe('the names of log sources', () => {
  it.each<[string, string, string, Fields]>([
    [
      'web',
      'category: webserver',
      'cs-uri-query|contains: evil\nc-ip: 198.18.0.1',
      { 'event.category': 'web', 'url.path': '/x', 'url.query': 'evil=1', 'source.ip': '198.18.0.1' },
    ],
    [
      'proxy',
      'category: proxy',
      'c-useragent|startswith: curl\nr-dns: example.org',
      { 'event.category': 'web', 'user_agent.original': 'curl/8', 'url.domain': 'example.org' },
    ],
    [
      'processes on Linux',
      'category: process_creation, product: linux',
      "Image|endswith: /bash\nCommandLine|contains: ' -i'\nParentImage|endswith: /nginx\nUser: www-data",
      {
        'event.category': 'process',
        'event.dataset': 'host.process',
        'process.executable': '/bin/bash',
        'process.command_line': 'bash -i',
        'process.parent.executable': '/usr/sbin/nginx',
        'user.name': 'www-data',
      },
    ],
    [
      'auditd',
      'product: linux, service: auditd',
      'type: EXECVE\na0: chattr\na1|contains: -i',
      {
        'event.category': 'process',
        'event.dataset': 'auditd',
        'auditd.type': 'SYSCALL',
        'event.action': 'executed',
        'process.command_line': 'chattr -i /etc/passwd',
      },
    ],
    [
      'files',
      'category: file_event, product: linux',
      'TargetFilename|startswith: /etc/cron',
      { 'event.category': 'file', 'event.dataset': 'host.file', 'file.path': '/etc/cron.d/x' },
    ],
    [
      'connections',
      'category: network_connection, product: linux',
      'DestinationIp|cidr: 198.18.0.0/15\nDestinationPort: 4444',
      { 'event.category': 'network', 'event.dataset': 'host.connection', 'destination.ip': '198.18.0.9', 'destination.port': 4444 },
    ],
    [
      'sshd keywords',
      'product: linux, service: sshd',
      "'|contains': [unexpected internal error]",
      { 'event.dataset': 'sshd', message: 'unexpected internal error' },
    ],
    [
      'Django',
      'category: application, product: django',
      "'|contains': [SuspiciousOperation]",
      { 'event.category': 'web', 'event.dataset': 'django', message: 'SuspiciousOperation' },
    ],
  ])('of %s meet our events', (_, source, selection, event) => {
    const text = rule(`sel:\n  ${selection.split('\n').join('\n  ')}\ncondition: sel`, source)
    expect(matches(text, {}, event)).toBe(true)
  })

  it('hold only where they mean that', () => {
    expect(matches(rule('a: {User: x}\ncondition: a'), {}, { User: 'x' })).toBe(true)
    expect(matches(rule('a: {type: x, name: y}\ncondition: a'), {}, { type: 'x', name: 'y' })).toBe(true)
  })
})
