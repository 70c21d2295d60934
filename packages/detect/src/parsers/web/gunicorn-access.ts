import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser } from '../line-parser.js'
import { readCombined } from './combined.js'
import { clearHttpDraft, createHttpDraft, httpEvent } from './http-event.js'

const draft = createHttpDraft()

const parse = (line: string): SecurityEvent | undefined => {
  clearHttpDraft(draft)
  return readCombined(line, 0, contentEnd(line), draft) < 0 ? undefined : httpEvent(draft, 'gunicorn.access')
}

/**
 * Gunicorn's access log in its own format, which is `combined`: no line says of itself that Gunicorn wrote it, so `auto` takes such a file
 * for another server's and this one is named. Source: Gunicorn's `access_log_format`.
 */
export const gunicornAccess: LineParser = { name: 'gunicorn.access', parse, sniff: () => false, isForeign: () => false }
