/** Recognises a value by its form, where it stands in a text. */
type Shape = { readonly examples: readonly string[]; readonly is: (units: Uint16Array, from: number, length: number) => boolean }

const [DIGIT, HEX] = [1, 2]
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 48 && code <= 57) return DIGIT | HEX
  return code >= 97 && code <= 102 ? HEX : 0
})
const isOf = (unit: number, kind: number): boolean => unit < 128 && ((KINDS[unit] as number) & kind) !== 0

/** Fits a value to a mask of the same length: `h` a hexadecimal digit in lower case, `0` a digit, everything else itself. */
const fits = (mask: string): Shape['is'] => {
  const kinds = Uint8Array.from(mask, (letter) => (letter === 'h' ? HEX : letter === '0' ? DIGIT : 0))
  const codes = Uint8Array.from(mask, (letter) => letter.charCodeAt(0))
  return (units, from, length) => {
    if (length !== mask.length) return false
    for (let i = 0; i < length; i++) {
      const unit = units[from + i] as number
      const kind = kinds[i] as number
      if (kind === 0 ? unit !== codes[i] : !isOf(unit, kind)) return false
    }
    return true
  }
}

const isDottedQuad: Shape['is'] = (units, from, length) => {
  if (length < 7 || length > 15) return false
  let dots = 0
  let digits = 0
  for (let i = from; i < from + length; i++) {
    if (isOf(units[i] as number, DIGIT)) {
      if (++digits > 3) return false
    } else if (units[i] === 46 && digits > 0) {
      dots++
      digits = 0
    } else return false
  }
  return dots === 3 && digits > 0
}

const SHAPES: readonly Shape[] = [
  {
    is: fits('hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh'),
    examples: ['0192f0aa-1b2c-7def-8123-456789abcdef', '3f2504e0-4f89-41d3-9a0c-030512345678'],
  },
  { is: isDottedQuad, examples: ['203.0.113.7', '10.0.0.1', '8.8.8.8', '192.168.100.200'] },
  { is: fits('0000-00-00T00:00:00.000Z'), examples: ['2026-01-02T03:04:05.678Z'] },
  { is: fits('0000-00-00T00:00:00Z'), examples: ['1999-12-31T23:59:59Z'] },
]

/** True for a value that may be passed without a scan. */
export type PlainShapes = (units: Uint16Array, from: number, to: number) => boolean

/**
 * Recognises UUIDs, IPv4 addresses and timestamps, in which rules find nothing. Each form is tried on the masker first: one that the policy
 * hides, such as addresses where `ipv4` is on, is never passed.
 */
export const createPlainShapes = (maskText: (value: string) => string): PlainShapes => {
  const shapes = SHAPES.filter(({ examples }) => examples.every((example) => maskText(example) === example))
  return (units, from, to) => {
    const length = to - from
    if (length > 36 || length < 7 || !isOf(units[from] as number, HEX)) return false
    for (const { is } of shapes) if (is(units, from, length)) return true
    return false
  }
}
