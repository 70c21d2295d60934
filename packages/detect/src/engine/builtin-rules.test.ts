import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { createEngine } from './engine.js'
import { compileText, singleRule } from './fixtures/rules.js'
import { testRules } from './test-rules.js'

const { rules } = compileRules(await builtinRules())
const results = testRules(rules)

describe('examples of the built-in rules', () => {
  it.each(results.map((result) => [`${result.title}: ${result.example}`, result] as const))('%s', (_, result) => {
    expect(result.reason).toBe('')
    expect(result.passed).toBe(true)
  })

  it('are there for every rule', () => {
    expect(new Set(results.map((result) => result.ruleId)).size).toBe(rules.rules.length)
  })
})

describe('testing rules', () => {
  const example = (match: boolean, rest = ''): string =>
    `${singleRule("a: {'url.path|contains': .env}\ncondition: a")}\nx-tests:\n  - {name: x, match: ${match}, ${rest}events: [{event.category: web, url.path: /.env, source.ip: 198.51.100.1}]}`

  it('tells a rule that should have matched, or should not have', () => {
    const run = (text: string): string => testRules(compileText(text).rules)[0]?.reason ?? ''
    expect(run(example(true))).toBe('')
    expect(run(example(false))).toMatch(/must not match, but did: Test from 198.51.100.1/)
    expect(run(example(true).replace('path: /.env', 'path: /'))).toBe('must match, but did not')
    expect(run(example(true, 'targets: [198.51.100.9], '))).toBe('must name 198.51.100.9')
    expect(run(example(true, 'spares: [198.51.100.1], '))).toBe('must not name 198.51.100.1')
  })

  it('names file and line of the example', () => {
    expect(testRules(compileText(example(true)).rules)[0]).toMatchObject({ file: 'test.yml', line: 8, example: 'x', passed: true })
  })
})

describe('hostile lines', () => {
  const engine = createEngine({ rules })
  const literals = [
    '../',
    '%2e%2e%2f',
    '..%252f',
    "' or '",
    'union select ',
    '<svg',
    'sleep(',
    '/.git',
    'alert(',
    '<',
    'a',
    '%',
    '+',
    '/etc/passw',
    "'",
    '....//',
  ]
  const event = (i: number, path: string, agent: string): SecurityEvent => ({
    '@timestamp': 1_700_000_000_000 + i * 10,
    'event.category': 'web',
    'event.action': 'http-request',
    'event.dataset': 'nginx.access',
    'http.request.method': 'GET',
    'http.response.status_code': 404,
    'url.path': path,
    'url.original': path,
    'user_agent.original': agent,
    'source.ip': `198.18.${i & 255}.1`,
  })

  it.each(literals)('made of %j cost well under a millisecond', (literal) => {
    const path = `/?q=${literal.repeat(Math.ceil(8_000 / literal.length))}`
    const agent = literal.repeat(Math.ceil(4_000 / literal.length))
    for (let i = 0; i < 200; i++) engine.process(event(i, `${path}${i}`, `${agent}${i}`), i)
    const spent: number[] = []
    for (let i = 0; i < 60; i++) {
      const one = event(i, `${path}${i}`, `${agent}${i}`)
      const before = performance.now()
      engine.process(one, i)
      spent.push(performance.now() - before)
    }
    // the median: a test machine stalls now and then, a rule that is slow is slow every time
    expect(spent.toSorted((a, b) => a - b)[30]).toBeLessThan(1)
  })
})
