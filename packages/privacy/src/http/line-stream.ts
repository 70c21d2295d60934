import { StringDecoder } from 'node:string_decoder'
import { unscanned } from '../masking/actions/actions.js'
import { createLineSplitter } from '../masking/surfaces/line-splitter.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'

/** Masks a text in pieces; `end` gives what was held back. */
export type TextStream = { readonly write: (text: string) => string; readonly end: () => string }

const MOST_LINE = 1_048_576

/** `data: {...}` of an event stream, or a line of NDJSON: the JSON in it is masked as JSON. */
const maskLine = (masker: SurfaceMasker, line: string): string => {
  const field = /^[a-z]{1,8}: ?/.exec(line)?.[0] ?? ''
  return field + masker.json(line.slice(field.length))
}

/**
 * Masks a body line by line and holds no finished line back, so that events arrive when they are sent. A line of over a
 * million characters is replaced by its size.
 */
export const createLineStream = (masker: SurfaceMasker): TextStream =>
  createLineSplitter(MOST_LINE, (line, length) => (line === undefined ? unscanned(length) : maskLine(masker, line)))

/** Masks running text in pieces. */
export const createTextStream = (masker: SurfaceMasker): TextStream => {
  const scan = masker.scan()
  const decoder = new StringDecoder('utf8')
  const read = (bytes: Uint8Array): string => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return { write: (text) => read(scan.write(text)), end: () => read(scan.end()) + decoder.end() }
}
