import { ParapetError } from './errors.js'

/** How deep arrays and objects may lie in one another: deeper ones are built to exhaust the stack. */
const MAX_DEPTH = 200

const refuse = (why: string): ParapetError => new ParapetError('PPT_INVALID', `canonical JSON: ${why}`)

/** False for text with half a surrogate pair, which UTF-8 cannot carry. */
export const isWellFormed = (text: string): boolean => (text as string & { isWellFormed: () => boolean }).isWellFormed()

const writeText = (text: string): string => {
  // UTF-8 has no form for half a surrogate pair, so two different texts would become one
  if (!isWellFormed(text)) throw refuse('a text has half a surrogate pair')
  return JSON.stringify(text)
}

const writeNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw refuse('NaN and Infinity are no JSON numbers')
  return String(value === 0 ? 0 : value)
}

const writeList = (list: readonly unknown[], depth: number): string => {
  let text = '['
  for (let i = 0; i < list.length; i++) text += (i === 0 ? '' : ',') + write(list[i], depth)
  return `${text}]`
}

const writeRecord = (record: Readonly<Record<string, unknown>>, depth: number): string => {
  let text = ''
  // without a comparison function, sort compares UTF-16 code units: the order of section 3.2.3
  for (const key of Object.keys(record).toSorted()) {
    const value = record[key]
    if (value !== undefined) text += `${text === '' ? '' : ','}${writeText(key)}:${write(value, depth)}`
  }
  return `{${text}}`
}

const write = (value: unknown, depth: number): string => {
  switch (typeof value) {
    case 'string':
      return writeText(value)
    case 'number':
      return writeNumber(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object': {
      if (value === null) return 'null'
      if (depth >= MAX_DEPTH) throw refuse(`it is nested more than ${MAX_DEPTH} deep, or holds itself`)
      if (Array.isArray(value)) return writeList(value, depth + 1)
      const prototype: unknown = Object.getPrototypeOf(value)
      // a Date, Map or Buffer has a JSON form only by convention: the caller says which
      if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refuse('it takes plain objects and arrays only')
      return writeRecord(value as Readonly<Record<string, unknown>>, depth + 1)
    }
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
    default:
      throw refuse(`a value of type ${typeof value} has no JSON form`)
  }
}

/**
 * JSON in its one canonical spelling, for digests and for sealing: keys sorted by UTF-16 code units, no spaces, numbers and
 * texts as ECMAScript writes them. Properties that are undefined are left out, as JSON does; whatever else has no exact JSON
 * form (NaN, bigint, undefined in an array, half a surrogate pair, a Date or Map, cycles, more than 200 levels) throws
 * PPT_INVALID. Source: RFC 8785.
 */
export const canonicalJson = (value: unknown): string => write(value, 0)
