import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { contentEnd, type LineParser } from '../line-parser.js'
import { readCombined } from './combined.js'
import { clearHttpDraft, createHttpDraft, httpEvent } from './http-event.js'

const draft = createHttpDraft()

/** Where the port of `example.com:443 ADDRESS ` begins, or -1 when the line does not start with a host and a port. */
const vhostColon = (line: string, space: number): number => {
  let colon = space - 1
  while (colon > 0 && line.charCodeAt(colon) >= 48 && line.charCodeAt(colon) <= 57) colon--
  if (colon <= 0 || colon === space - 1 || line.charCodeAt(colon) !== 58 || addressAt(line, 0, space) !== undefined) return -1
  const next = line.indexOf(' ', space + 1)
  return next > 0 && addressAt(line, space + 1, next) !== undefined ? colon : -1
}

const parse = (line: string): SecurityEvent | undefined => {
  const end = contentEnd(line)
  const space = line.indexOf(' ')
  if (space <= 0 || space > 300) return undefined
  clearHttpDraft(draft)
  const colon = vhostColon(line, space)
  if (colon >= 0) draft.domain = line.slice(0, colon)
  return readCombined(line, colon < 0 ? 0 : space + 1, end, draft) < 0 ? undefined : httpEvent(draft, 'apache.access')
}

/**
 * Apache's access log in its three usual formats: `common`, `combined` and `vhost_combined`, whose host becomes `url.domain`. Other
 * formats are compiled by `compileLogFormat`. A peer that was looked up as a name gives no `source.ip`.
 */
export const apacheAccess: LineParser = {
  name: 'apache.access',
  parse,
  sniff: (line) => parse(line) !== undefined,
  isForeign: () => false,
}
