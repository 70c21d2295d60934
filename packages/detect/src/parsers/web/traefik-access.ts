import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser } from '../line-parser.js'
import { readCombined } from './combined.js'
import { clearHttpDraft, createHttpDraft, httpEvent } from './http-event.js'

const draft = createHttpDraft()

/** Reads ` 17 "router@docker" "http://10.0.0.2:80" 5ms` from the right: the duration in ms, or -1. */
const durationFromRight = (line: string, end: number): number => {
  if (!line.endsWith('ms', end)) return -1
  const space = line.lastIndexOf(' ', end)
  if (space < 1 || end - space > 20 || line.charCodeAt(space - 1) !== 34) return -1
  const value = Number(line.slice(space + 1, end - 2))
  return value >= 0 ? value : -1
}

const parse = (line: string): SecurityEvent | undefined => {
  const end = contentEnd(line)
  clearHttpDraft(draft)
  const rest = readCombined(line, 0, end, draft)
  if (rest < 0) return undefined
  const ms = durationFromRight(line, end)
  const cut = draft.reason === 'truncated_line'
  if (!cut && (ms < 0 || line.charCodeAt(rest) !== 32 || !(line.charCodeAt(rest + 1) >= 48 && line.charCodeAt(rest + 1) <= 57)))
    return undefined
  if (ms >= 0 && !cut) draft.duration = Math.round(ms * 1e6)
  return httpEvent(draft, 'traefik')
}

/** Traefik's access log in its common format: `combined`, then count, router, server and duration. Source: Traefik's documentation of access logs. */
export const traefikAccess: LineParser = {
  name: 'traefik',
  parse,
  // a line cut inside its request could be anybody's
  sniff: (line) => parse(line) !== undefined && draft.reason !== 'truncated_line',
  isForeign: () => false,
}
