import { createAddressSet, EXCEPTION_LIMITS, parseRange, type FieldValue, type RuleException, type SecurityEvent } from '@parapet/core'
import { createPattern, matchesPattern } from '../sigma/pattern.js'
import { accessorOf, type Accessor } from './fields.js'

/** Tells whether an event is left out of account for one rule. */
export type Excepted = (event: SecurityEvent) => boolean

type Test = (value: FieldValue | undefined) => boolean

const onText = (test: (text: string) => boolean): Test => {
  const one: Test = (value) =>
    value === undefined || value === null ? false : typeof value === 'object' ? value.some((item) => one(item)) : test(String(value))
  return one
}

const compileField = (field: string, wanted: string | number | boolean): Test => {
  const text = String(wanted)
  // `?` and the backslash have no meaning here: only `*` does
  const pattern = createPattern(text.replaceAll(/[\\?]/g, String.raw`\$&`), 'whole')
  if (!field.endsWith('.ip') || parseRange(text) === undefined) return onText((value) => matchesPattern(pattern, value))
  const set = createAddressSet([text])
  return onText((value) => set.has(value))
}

const compile = ({ match, until }: RuleException): Excepted | undefined => {
  const fields = Object.entries(match)
  // an exception from everything is a rule switched off without saying so
  if (fields.length === 0 || fields.length > EXCEPTION_LIMITS.fields) return undefined
  const tests: readonly (readonly [Accessor, Test])[] = fields.map(([field, wanted]) => [accessorOf(field), compileField(field, wanted)])
  return (event) => event['@timestamp'] < until && tests.every(([read, test]) => test(read(event)))
}

/**
 * Compiles exceptions by rule id. The day on which one ends is that of the event, so that a replay gives the same alerts. One without a field
 * excepts nothing.
 */
export const compileExceptions = (list: readonly RuleException[]): ReadonlyMap<string, Excepted> => {
  const byRule = new Map<string, Excepted[]>()
  for (const exception of list) {
    const test = compile(exception)
    const known = byRule.get(exception.ruleId) ?? []
    if (test !== undefined && known.length < EXCEPTION_LIMITS.perRule) byRule.set(exception.ruleId, [...known, test])
  }
  return new Map([...byRule].map(([ruleId, tests]) => [ruleId, (event) => tests.some((test) => test(event))]))
}
