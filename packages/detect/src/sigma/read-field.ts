import { createAddressSet } from '@parapet/core'
import { join, leafCount, type DetectionTree, type LeafTest, type TimePart } from './detection-tree.js'
import { base64Offsets, encodeText, windashForms } from './encodings.js'
import type { Reading } from './pipelines/reading.js'
import { createPattern, hasWildcard, plainText, type Anchoring } from './pattern.js'
import { quote, RuleFault } from './problem.js'
import type { YamlNode, YamlScalar } from './yaml-tree.js'

type Encoding = 'utf8' | 'utf16le' | 'utf16be' | 'utf16'

/** The modifiers of one field, sorted by what they do. */
type Plan = {
  anchoring: Anchoring
  all: boolean
  cased: boolean
  neq: boolean
  windash: boolean
  encoding: Encoding
  base64: 'no' | 'whole' | 'offset'
  test: 'value' | 'exists' | 're' | 'cidr' | 'fieldref' | 'lt' | 'lte' | 'gt' | 'gte' | TimePart
  flags: { i?: boolean; m?: boolean; s?: boolean }
  expand: boolean
}

const ENCODINGS: Readonly<Record<string, Encoding>> = { wide: 'utf16le', utf16le: 'utf16le', utf16be: 'utf16be', utf16: 'utf16' }
const TIME_PARTS: ReadonlySet<string> = new Set(['minute', 'hour', 'day', 'week', 'month', 'year'])
const COMPARISONS: ReadonlySet<string> = new Set(['lt', 'lte', 'gt', 'gte'])
const VALUES = 10_000
const LEAVES = 20_000

const planOf = (modifiers: readonly string[], line: number): Plan => {
  const plan: Plan = {
    anchoring: 'whole',
    all: false,
    cased: false,
    neq: false,
    windash: false,
    encoding: 'utf8',
    base64: 'no',
    test: 'value',
    flags: {},
    expand: false,
  }
  const setTest = (test: Plan['test']): void => {
    if (plan.test !== 'value') throw new RuleFault(line, `modifiers ${quote(plan.test)} and ${quote(test)} do not go together`)
    plan.test = test
  }
  for (const modifier of modifiers) {
    const encoding = Object.hasOwn(ENCODINGS, modifier) ? ENCODINGS[modifier] : undefined
    if (modifier === 'contains' || modifier === 'startswith' || modifier === 'endswith') plan.anchoring = modifier
    else if (modifier === 'all') plan.all = true
    else if (modifier === 'cased') plan.cased = true
    else if (modifier === 'neq') plan.neq = true
    else if (modifier === 'windash') plan.windash = true
    else if (modifier === 'base64') plan.base64 = 'whole'
    else if (modifier === 'base64offset') plan.base64 = 'offset'
    else if (encoding !== undefined) plan.encoding = encoding
    else if (modifier === 'exists' || modifier === 're' || modifier === 'cidr' || modifier === 'fieldref') setTest(modifier)
    else if (COMPARISONS.has(modifier) || TIME_PARTS.has(modifier)) setTest(modifier as Plan['test'])
    else if ((modifier === 'i' || modifier === 'm' || modifier === 's') && plan.test === 're') plan.flags[modifier] = true
    else if (modifier === 'expand') plan.expand = true
    else throw new RuleFault(line, `unknown modifier ${quote(modifier)}`)
  }
  if (plan.encoding !== 'utf8' && plan.base64 === 'no')
    throw new RuleFault(line, 'an encoding modifier needs base64 or base64offset after it')
  return plan
}

/** How the values of a field are read. */
type FieldReading = Pick<Reading, 'field' | 'expand' | 'regex'>

/**
 * Reads one field of a selection: `name|modifier|...: value or list of values`. Several names are alternatives: any of them may hold a
 * value, and all of them must lack it where the value is that the field is not there.
 */
export const readField = (
  names: readonly string[],
  modifiers: readonly string[],
  node: YamlNode,
  line: number,
  reading: FieldReading,
): DetectionTree => {
  const plan = planOf(modifiers, line)
  const name = quote(names.join(', '))
  const values = node.kind === 'list' ? node.items : [node]
  if (values.length === 0) throw new RuleFault(line, `field ${name} has an empty list`)
  if (values.length > VALUES) throw new RuleFault(line, `field ${name} has more than ${VALUES} values`)
  const scalars = values.map((value): YamlScalar => {
    if (value.kind !== 'scalar') throw new RuleFault(value.line, `a value of ${name} must be text, a number, true, false or null`)
    return value
  })
  const forms = scalars.map((scalar) => (plan.expand ? reading.expand(scalar) : [scalar]))
  if (plan.expand && forms.reduce((sum, list) => sum + list.length, 0) > VALUES)
    throw new RuleFault(line, `field ${name} has more than ${VALUES} values once placeholders are replaced`)
  let leaves = 0
  const trees = names.map((written) => {
    const field = reading.field(written, plan.base64 === 'offset' ? 'contains' : plan.anchoring)
    const parts = forms.map((list) =>
      join(
        'or',
        list.map((scalar) => {
          const tree = valueTree(field, plan, scalar, reading)
          leaves += leafCount(tree)
          if (leaves > LEAVES) throw new RuleFault(line, `field ${name} has more than ${LEAVES} comparisons once modifiers are applied`)
          return tree
        }),
      ),
    )
    return join(plan.all ? 'and' : 'or', parts)
  })
  const lacks = scalars.every(({ value }) => (plan.test === 'exists' ? value === false : value === null))
  const tree = join(lacks ? 'and' : 'or', trees)
  return plan.neq ? { op: 'not', part: tree } : tree
}

const valueTree = (field: string, plan: Plan, scalar: YamlScalar, reading: FieldReading): DetectionTree => {
  const leaf = (test: LeafTest): DetectionTree => ({ op: 'leaf', field, test })
  const { value, line } = scalar
  const text = typeof value === 'string' ? value : scalar.source
  switch (plan.test) {
    case 'value':
      return plainValue(field, plan, scalar)
    case 'exists':
      if (typeof value !== 'boolean') throw new RuleFault(line, 'modifier "exists" takes true or false')
      return leaf({ kind: 'exists', value })
    case 're':
      if (value === null) throw new RuleFault(line, 'modifier "re" takes text')
      return leaf({ kind: 'regex', regex: reading.regex(text, plan.flags, line) })
    case 'cidr':
      try {
        return leaf({ kind: 'cidr', set: createAddressSet([text]), text })
      } catch (error) {
        throw new RuleFault(line, `${quote(text)} is not an address range${error instanceof Error ? '' : '.'}`)
      }
    case 'fieldref':
      if (value === null || text === '') throw new RuleFault(line, 'modifier "fieldref" takes the name of a field')
      return leaf({ kind: 'fieldref', other: reading.field(text, 'whole'), mode: plan.anchoring, cased: plan.cased })
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return leaf({ kind: 'compare', op: plan.test, value: numberOf(scalar, plan.test) })
    case 'minute':
    case 'hour':
    case 'day':
    case 'week':
    case 'month':
    case 'year':
      break
  }
  return leaf({ kind: 'time', part: plan.test, value: numberOf(scalar, plan.test) })
}

const numberOf = (scalar: YamlScalar, modifier: string): number => {
  const number =
    typeof scalar.value === 'number'
      ? scalar.value
      : typeof scalar.value === 'string' && scalar.value.trim() !== ''
        ? Number(scalar.value)
        : Number.NaN
  if (!Number.isFinite(number)) throw new RuleFault(scalar.line, `modifier ${quote(modifier)} takes a number`)
  return number
}

const plainValue = (field: string, plan: Plan, scalar: YamlScalar): DetectionTree => {
  const leaf = (test: LeafTest): DetectionTree => ({ op: 'leaf', field, test })
  const { value, line } = scalar
  const open = plan.anchoring !== 'whole' || plan.base64 !== 'no' || plan.windash
  if (value === null) {
    if (open) throw new RuleFault(line, 'null cannot be combined with a modifier for text')
    return leaf({ kind: 'null' })
  }
  if (typeof value === 'number' && !open) return leaf({ kind: 'number', value })
  if (typeof value === 'boolean' && !open) return leaf({ kind: 'boolean', value })
  const text = typeof value === 'string' ? value : scalar.source
  const pattern = (form: string, anchoring: Anchoring, literal: boolean, cased: boolean): DetectionTree =>
    leaf({ kind: 'pattern', pattern: createPattern(form, anchoring, { cased, literal }) })
  if (plan.base64 === 'no') {
    const forms = plan.windash ? windashForms(text) : [text]
    return join(
      'or',
      forms.map((form) => pattern(form, plan.anchoring, false, plan.cased)),
    )
  }
  if (hasWildcard(text)) throw new RuleFault(line, 'a value for base64 cannot hold wildcards')
  const bytes = (plan.windash ? windashForms(plainText(text)) : [plainText(text)]).map((form) => encodeText(form, plan.encoding))
  // Base64 means different bytes in another case, so these values are always compared with case
  if (plan.base64 === 'whole')
    return join(
      'or',
      bytes.map((form) => pattern(form.toString('base64'), plan.anchoring, true, true)),
    )
  const forms = [...new Set(bytes.flatMap(base64Offsets))].filter((form) => form.length > 0)
  if (forms.length === 0) throw new RuleFault(line, 'a value for base64offset is too short')
  return join(
    'or',
    forms.map((form) => pattern(form, 'contains', true, true)),
  )
}
