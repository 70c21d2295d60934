import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCondition, type Condition } from './condition.js'
import { RuleFault } from './problem.js'

const NAMES = ['selection', 'filter_a', 'filter_b', '_private']

const evaluate = (condition: Condition, truth: Readonly<Record<string, boolean>>): boolean => {
  if (condition.op === 'ref') return truth[condition.name] === true
  if (condition.op === 'not') return !evaluate(condition.part, truth)
  return condition.op === 'and'
    ? condition.parts.every((part) => evaluate(part, truth))
    : condition.parts.some((part) => evaluate(part, truth))
}

const faultOf = (text: string, line: number): unknown => {
  try {
    parseCondition(text, NAMES, line)
    return undefined
  } catch (error) {
    return error
  }
}

const holds = (text: string, ...names: string[]): boolean =>
  evaluate(parseCondition(text, NAMES, 1), Object.fromEntries(names.map((name) => [name, true])))

describe('conditions', () => {
  it('binds not before and before or', () => {
    expect(holds('selection or filter_a and filter_b', 'selection')).toBe(true)
    expect(holds('(selection or filter_a) and filter_b', 'selection')).toBe(false)
    expect(holds('not selection and filter_a', 'filter_a')).toBe(true)
    expect(holds('not (selection and filter_a)', 'filter_a')).toBe(true)
    expect(holds('not not selection', 'selection')).toBe(true)
  })

  it('reads quantified names', () => {
    expect(holds('1 of filter_*', 'filter_b')).toBe(true)
    expect(holds('any of filter_*', 'filter_b')).toBe(true)
    expect(holds('all of filter_*', 'filter_b')).toBe(false)
    expect(holds('all of filter_*', 'filter_a', 'filter_b')).toBe(true)
    expect(holds('selection and not 1 of filter_*', 'selection', 'filter_a')).toBe(false)
    expect(holds('1 of selection', 'selection')).toBe(true)
  })

  it('leaves names with an underscore out of them', () => {
    expect(holds('1 of them', '_private')).toBe(false)
    expect(holds('all of them', 'selection', 'filter_a', 'filter_b')).toBe(true)
  })

  it('takes keywords in any case', () => {
    expect(holds('selection AND NOT filter_a', 'selection')).toBe(true)
    expect(holds('ALL OF filter_*', 'filter_a', 'filter_b')).toBe(true)
  })

  it.each([
    ['', /ends where/],
    ['selection and', /ends where/],
    ['selection filter_a', /should end/],
    ['(selection', /closing parenthesis/],
    ['selection)', /should end/],
    ['and selection', /"and"/],
    ['unknown', /"unknown"/],
    ['1 of other_*', /other_\*/],
    ['1 of', /after "of"/],
    ['2 of filter_*', /"2 of" is not supported/],
    ['selection | count() > 5', /aggregations/],
    ['('.repeat(60) + 'selection' + ')'.repeat(60), /deeper/],
    ['not '.repeat(60) + 'selection', /deeper/],
    ['selection or '.repeat(400) + 'selection', /over/],
  ])('refuses %j with a reason', (text, reason) => {
    expect(() => parseCondition(text, NAMES, 7)).toThrow(reason)
    expect(faultOf(text, 7)).toMatchObject({ name: 'RuleFault', line: 7 })
  })

  it('never fails in another way than with a fault', () => {
    const word = fc.constantFrom('and', 'or', 'not', '(', ')', '1', 'of', 'all', 'them', 'selection', 'filter_*', '|', 'x', '*')
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const fault = faultOf(words.join(' '), 1)
        expect(fault === undefined || fault instanceof RuleFault).toBe(true)
      }),
    )
  })

  it('means the same as the logic it was written from', () => {
    const tree: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('selection', 'filter_a', 'filter_b'),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} and ${b})`),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} or ${b})`),
        tie('node').map((a) => `not ${a}`),
      ),
    })).node
    const judge = (text: string, truth: Record<string, boolean>): boolean => {
      const js = text.replaceAll(/selection|filter_a|filter_b/g, (name) => (truth[name] === true ? 'T' : 'F'))
      let now = js
      for (let before = ''; before !== now;) {
        before = now
        now = now
          .replaceAll('not T', 'F')
          .replaceAll('not F', 'T')
          .replaceAll(/\(([TF]) (and|or) ([TF])\)/g, (_, a: string, op: string, b: string) =>
            (op === 'and' ? a === 'T' && b === 'T' : a === 'T' || b === 'T') ? 'T' : 'F',
          )
      }
      return now === 'T'
    }
    fc.assert(
      fc.property(tree, fc.boolean(), fc.boolean(), fc.boolean(), (text, selection, filter_a, filter_b) => {
        const truth = { selection, filter_a, filter_b }
        expect(evaluate(parseCondition(text, NAMES, 1), truth)).toBe(judge(text, truth))
      }),
    )
  })
})
