import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DetectionTree } from '../sigma/detection-tree.js'
import { createEventView, createFieldTable } from './event-view.js'
import { compileTree } from './predicates.js'
import { createProfile, fieldsOf, hasFewValues, splitTree } from './profile.js'

const oneOf = (field: string, ...values: string[]): DetectionTree => ({
  op: 'leaf',
  field,
  test: { kind: 'oneOf', values: new Set(values) },
})
const absent = (field: string): DetectionTree => ({ op: 'leaf', field, test: { kind: 'null' } })

const FIELDS = ['http.request.method', 'event.reason', 'url.path', 'user.name']
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom(...FIELDS), fc.constantFrom('get', 'post', '404')).map(([field, value]) => oneOf(field, value)),
  fc.constantFrom(...FIELDS).map(absent),
)
const { tree } = fc.letrec<{ tree: DetectionTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ op: fc.constantFrom('and' as const, 'or' as const), parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ op: fc.constant('not' as const), part: tie('tree') }),
  ),
}))
const event: fc.Arbitrary<SecurityEvent> = fc.record(
  {
    '@timestamp': fc.constant(1),
    ...Object.fromEntries(
      FIELDS.map((field) => [
        field,
        fc.constantFrom<string | number | null | string[]>('GET', 'post', 404, null, '', ['get', 'x'], 'y'.repeat(80)),
      ]),
    ),
  },
  { requiredKeys: ['@timestamp'] },
)

/** Values of fields with few values, presence of any field. */
const mayBeAsked = (part: DetectionTree): boolean =>
  part.op === 'leaf'
    ? hasFewValues(part.field) || part.test.kind === 'null'
    : part.op === 'not'
      ? mayBeAsked(part.part)
      : part.parts.every(mayBeAsked)

describe('a tree taken apart', () => {
  it('says the same as the whole: what it asks of fields with few values, and the rest', () => {
    fc.assert(
      fc.property(tree, event, (whole, what) => {
        const table = createFieldTable()
        const { few, rest } = splitTree(whole)
        const tests = [whole, few, rest].map((part) => (part === undefined ? () => true : compileTree(part, table)))
        const view = createEventView(table, 1e9)
        view.load(what)
        const [all, first, second] = tests.map((test) => test(view))
        expect(first === true && second === true).toBe(all)
        expect(few === undefined || mayBeAsked(few)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a profile', () => {
  const setUp = (trees: readonly (DetectionTree | undefined)[]) => {
    const table = createFieldTable()
    const asked = trees.map((part, at) => ({ at, few: part === undefined ? undefined : compileTree(part, table) }))
    const fields = [...new Set(trees.flatMap((part) => (part === undefined ? [] : fieldsOf(part))))]
    const view = createEventView(table, 1e9)
    const profile = createProfile(fields, asked)
    return (what: SecurityEvent): readonly number[] => {
      view.load(what)
      return profile(what, view)
    }
  }
  const few = tree.filter(mayBeAsked)

  it('answers for each event as if the rules were asked one by one, however often the same values come', () => {
    fc.assert(
      fc.property(fc.array(few, { maxLength: 4 }), fc.array(event, { minLength: 1, maxLength: 12 }), (trees, events) => {
        const answer = setUp(trees)
        const table = createFieldTable()
        const tests = trees.map((part) => compileTree(part, table))
        const view = createEventView(table, 1e9)
        for (const what of [...events, ...events]) {
          view.load(what)
          expect(answer(what)).toEqual(tests.flatMap((test, at) => (test(view) ? [at] : [])))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('tells presence of more fields than fit one level', () => {
    const fields = Array.from({ length: 70 }, (_, i) => `x.${i}`)
    const answer = setUp(fields.map((field) => ({ op: 'not', part: absent(field) })))
    for (const [at, field] of fields.entries()) {
      expect(answer({ '@timestamp': 1, [field]: at })).toEqual([at])
      expect(answer({ '@timestamp': 1, [field]: null })).toEqual([])
    }
  })

  it('holds rules that ask nothing', () => {
    const answer = setUp([undefined, oneOf('http.request.method', 'get')])
    expect(answer({ '@timestamp': 1 })).toEqual([0])
    expect(answer({ '@timestamp': 1, 'http.request.method': 'GET' })).toEqual([0, 1])
    expect(setUp([undefined])({ '@timestamp': 1 })).toEqual([0])
  })

  it('keeps giving right answers to a sender who invents a value for every event', () => {
    const answer = setUp([oneOf('http.request.method', 'get'), absent('event.reason')])
    const wrong: number[] = []
    for (let i = 0; i < 20_000; i++) {
      const invented = answer({ '@timestamp': 1, 'http.request.method': `M${i}`, 'event.reason': `r${i % 7}` })
      const known = answer({ '@timestamp': 1, 'http.request.method': 'GET' })
      if (invented.length !== 0 || known.length !== 2) wrong.push(i)
    }
    expect(wrong).toEqual([])
  })
})
