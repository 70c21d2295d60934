import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafCount } from '../sigma/detection-tree.js'
import { createCandidates } from './candidates.js'
import { createEventView, createFieldTable } from './event-view.js'
import { rulesOf, singleRule } from './fixtures/rules.js'
import { compileTree } from './predicates.js'
import { witnessesOf } from './witness.js'

const rule = (id: number, detection: string): string => singleRule(detection).replace('id: test', `id: r${id}`)

const VALUES = ['abc', 'ABCdef', 'xyz', 'union select', '', '404', 'größe']
const FIELDS = ['url.path', 'user_agent.original', 'name', 'http.request.method']

const value = fc.constantFrom(...VALUES.map((text) => JSON.stringify(text)), '404', 'null', "'a*f'", "'*lec*'")
const modifier = fc.constantFrom('', '|contains', '|startswith', '|endswith', '|re')
const selection = fc
  .tuple(fc.constantFrom(...FIELDS), modifier, fc.array(value, { minLength: 1, maxLength: 3 }))
  .map(([field, kind, values]) => {
    const taken =
      kind === '' ? values : kind === '|re' ? ["'ab[cd]|select'", "'x.z'"] : values.filter((item) => item !== 'null' && item !== '""')
    return `${JSON.stringify(`${field}${kind}`)}: [${(taken.length === 0 ? ['abc'] : taken).join(', ')}]`
  })
const condition = fc.constantFrom('a and b', 'a or b', 'a and not b', 'not a', '1 of them', 'a')
const detection = fc.tuple(selection, selection, condition).map(([a, b, text]) => `a: {${a}}\nb: {${b}}\ncondition: ${text}`)
const event = fc.record(
  Object.fromEntries(
    FIELDS.map((field) => [
      field,
      fc.oneof(
        fc.constantFrom<string | number | null | string[]>(...VALUES, 404, null, ['xyz', 'abc']),
        fc.constantFrom('xx abc yy', 'SELECT UNION SELECT'),
      ),
    ]),
  ),
  { requiredKeys: [] },
)

describe('the index of rules', () => {
  it('finds exactly the rules that match when each is run on every event', () => {
    fc.assert(
      fc.property(
        fc.array(detection, { minLength: 1, maxLength: 6 }),
        fc.array(event, { minLength: 1, maxLength: 6 }),
        (detections, events) => {
          const { program } = rulesOf(detections.map((text, i) => rule(i, text)).join('\n---\n'))
          const table = createFieldTable()
          const candidates = createCandidates(program, table)
          const tests = program.map((item) => compileTree((item as Extract<typeof item, { kind: 'single' }>).detection, table))
          const view = createEventView(table, 1e9)
          for (const fields of events) {
            const whole = { '@timestamp': 1, 'event.category': 'web', ...fields } as SecurityEvent
            view.load(whole)
            const found: number[] = []
            candidates.run(whole, view, (index) => found.push(index))
            const expected = tests.flatMap((test, index) => (test(view) ? [index] : []))
            expect(found.toSorted((a, b) => a - b)).toEqual(expected)
          }
        },
      ),
      { numRuns: 80 },
    )
  })

  it('runs no rule of another log source', () => {
    const { program } = rulesOf(singleRule('a: {x: 1}\ncondition: a', 'category: authentication'))
    const table = createFieldTable()
    const candidates = createCandidates(program, table)
    const view = createEventView(table, 1e9)
    const run = (category: string): number => {
      const whole = { '@timestamp': 1, 'event.category': category, x: 1 }
      let found = 0
      view.load(whole)
      candidates.run(whole, view, () => found++)
      return found
    }
    expect([run('web'), run('authentication')]).toEqual([0, 1])
  })

  it('stays right when a source invents datasets without end', () => {
    const { program } = rulesOf(singleRule('a: {x: 1}\ncondition: a'))
    const table = createFieldTable()
    const candidates = createCandidates(program, table)
    const view = createEventView(table, 1e9)
    let found = 0
    for (let i = 0; i < 600; i++) {
      const whole = { '@timestamp': 1, 'event.category': 'web', 'event.dataset': `d${i}`, x: 1 }
      view.load(whole)
      candidates.run(whole, view, () => found++)
    }
    expect(found).toBe(600)
  })
})

describe('witnesses', () => {
  const witness = (text: string): { rarity: number; amount: number; kinds: string[] } | undefined => {
    const [single] = rulesOf(singleRule(text)).program
    if (single?.kind !== 'single') return undefined
    const found = witnessesOf(single.detection, createFieldTable())
    return found === undefined
      ? undefined
      : { rarity: found.rarity, amount: found.witnesses.length, kinds: [...new Set(found.witnesses.map((item) => item.kind))] }
  }

  it('are the rarest part of a rule', () => {
    expect(witness("a: {http.request.method: GET, 'user_agent.original|contains': sqlmap}\ncondition: a")).toMatchObject({
      amount: 1,
      kinds: ['literal'],
    })
    expect(witness("a: {user.name: root, 'message|contains': abcdef}\ncondition: a")).toMatchObject({ kinds: ['value'] })
  })

  it('are needed from every alternative', () => {
    expect(witness("a: {'x|contains': [abcd, efgh]}\ncondition: a")).toMatchObject({ amount: 2 })
    expect(witness("a: {'x|contains': abcd}\nb: {'y|gt': 5}\ncondition: a or b")).toBeUndefined()
  })

  it('are none where a rule looks for what is absent', () => {
    expect(witness('a: {x: null}\ncondition: a')).toBeUndefined()
    expect(witness('a: {x: abc}\ncondition: not a')).toBeUndefined()
  })

  it('do not take a status that most answers have', () => {
    const rare = witness('a: {http.response.status_code: 401}\ncondition: a')?.rarity ?? 0
    const frequent = witness('a: {http.response.status_code: 200}\ncondition: a')?.rarity ?? 0
    expect(rare).toBeGreaterThan(frequent)
  })

  it('count the comparisons of a rule', () => {
    const [single] = rulesOf(singleRule("a: {x: [1, 2], 'y|contains': [a1, b1]}\ncondition: not a")).program
    expect(single?.kind === 'single' ? leafCount(single.detection) : 0).toBe(4)
  })
})
