import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { NO_TIME } from '../stamps.js'
import { codeOf, type ErrorDraft, errorEvent } from './error-event.js'
import { clearHttpDraft, createHttpDraft, setPeer, setTarget } from './http-event.js'
import { spacedStamp } from './web-stamps.js'

/** `[2026-11-20 03:04:05 +0000] ` */
const HEAD = 28

const LEVELS: ReadonlySet<string> = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'])
const TYPES: readonly (readonly [string, string])[] = [
  ['Error handling request ', 'exception'],
  ['Invalid request from ip=', 'invalid_request'],
  ['WORKER TIMEOUT', 'worker_timeout'],
  ['Exception in worker process', 'worker'],
  ['Worker failed to boot', 'worker'],
  ['was sent SIG', 'worker'],
  ['Booting worker', 'worker'],
  ['Worker exiting', 'worker'],
]

const http = createHttpDraft()
const draft: ErrorDraft = { http, action: 'http-error', level: undefined, message: '', type: undefined, code: undefined, pid: undefined }

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  clearHttpDraft(http)
  http.time = line.charCodeAt(0) === 91 ? spacedStamp(line, 1, context.utcOffsetMinutes ?? 0) : NO_TIME
  if (http.time === NO_TIME || line.charCodeAt(HEAD - 2) !== 93 || line.charCodeAt(HEAD) !== 91) return undefined
  const pidEnd = line.indexOf('] [', HEAD)
  const levelEnd = pidEnd < 0 ? -1 : line.indexOf('] ', pidEnd + 3)
  const pid = Number(line.slice(HEAD + 1, pidEnd))
  const level = levelEnd < 0 || levelEnd - pidEnd > 16 ? '' : line.slice(pidEnd + 3, levelEnd)
  if (!(pid > 0) || pidEnd - HEAD > 12 || !LEVELS.has(level)) return undefined
  draft.pid = pid
  draft.level = level === 'WARNING' ? 'warn' : level.toLowerCase()
  draft.message = line.slice(levelEnd + 2, end)
  draft.type = codeOf(draft.message, TYPES)
  if (draft.type === 'exception' && draft.message.startsWith('Error handling request ')) setTarget(http, draft.message.slice(23))
  const address = draft.message.startsWith('Invalid request from ip=') ? draft.message.slice(24).split(':', 1)[0] : undefined
  if (address !== undefined) setPeer(http, draft.message, 24, 24 + address.length)
  return errorEvent(draft, 'gunicorn.error')
}

/** Gunicorn's error log: `[STAMP +ZONE] [PID] [LEVEL] message`. The lines of a traceback are foreign. Source: Gunicorn, `glogging`. */
export const gunicornError: LineParser = {
  name: 'gunicorn.error',
  parse,
  sniff: (line) => parse(line, SNIFF) !== undefined,
  isForeign: (line) => /^(?:Traceback \(most recent call last\):| {2,4}\S|[A-Za-z_.]{1,80}(?:Error|Exception): )/.test(line.slice(0, 120)),
}

const SNIFF: ParseContext = { now: 0 }
