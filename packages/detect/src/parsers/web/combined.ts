import { commonLogStamp, NO_TIME } from '../stamps.js'
import { agentText, setPeer, setRequestLine, type HttpDraft } from './http-event.js'
import { numberFrom, quoteFrom } from './request-line.js'

/** `[05/Nov/2026:03:04:05 +0000] ` */
const STAMP = 29

/** The text between two quotes; nothing and `-` are `undefined`. */
export const quotedText = (line: string, from: number, to: number): string | undefined =>
  to <= from || (to - from === 1 && line.charCodeAt(from) === 45) ? undefined : line.slice(from, to)

/**
 * Reads `PEER IDENT USER [STAMP] "REQUEST" STATUS BYTES["REFERRER" "AGENT"]` that starts at `from` into the draft: the format of many
 * servers. The offset behind the last field read, or -1 for anything else. A user may hold any text but a quote; what a
 * client sends cannot hold one without a backslash before it, so the first quote opens the request.
 * Source: Apache `mod_log_config`, `common` and `combined`.
 */
export const readCombined = (line: string, from: number, end: number, draft: HttpDraft): number => {
  const open = quoteFrom(line, from, end)
  const stamp = open - STAMP
  if (stamp <= from + 4 || line.charCodeAt(stamp) !== 91 || line.charCodeAt(open - 2) !== 93 || line.charCodeAt(open - 1) !== 32) return -1
  draft.time = commonLogStamp(line, stamp + 1)
  const peerEnd = line.indexOf(' ', from)
  if (draft.time === NO_TIME || peerEnd <= from || peerEnd - from > 255) return -1
  const userFrom = line.indexOf(' ', peerEnd + 1) + 1
  const userEnd = stamp - 1
  if (userFrom <= 0 || userFrom >= userEnd) return -1
  setPeer(draft, line, from, peerEnd)
  draft.user = quotedText(line, userFrom, userEnd)

  const close = quoteFrom(line, open + 1, end)
  setRequestLine(draft, line, open + 1, close < 0 ? end : close, close < 0)
  if (close < 0) return end
  const status = numberFrom(line, close + 2, end)
  if (line.charCodeAt(close + 1) !== 32 || status > 999 || (status < 0 && line.charCodeAt(close + 2) !== 45)) return -1
  draft.status = status < 0 ? undefined : status
  const sizeFrom = line.indexOf(' ', close + 2) + 1
  if (sizeFrom === 0 || sizeFrom >= end) return end
  const bytes = numberFrom(line, sizeFrom, end)
  draft.bytes = bytes < 0 ? undefined : bytes
  let sizeEnd = line.indexOf(' ', sizeFrom)
  if (sizeEnd < 0 || sizeEnd > end) sizeEnd = end
  if (line.charCodeAt(sizeEnd + 1) !== 34 || sizeEnd + 1 >= end) return sizeEnd
  const referrerEnd = quoteFrom(line, sizeEnd + 2, end)
  draft.referrer = quotedText(line, sizeEnd + 2, referrerEnd < 0 ? end : referrerEnd)
  if (referrerEnd < 0) return end
  if (line.charCodeAt(referrerEnd + 1) !== 32 || line.charCodeAt(referrerEnd + 2) !== 34) return referrerEnd + 1
  const agentEnd = quoteFrom(line, referrerEnd + 3, end)
  const agentTo = agentEnd < 0 ? end : agentEnd
  if (quotedText(line, referrerEnd + 3, agentTo) !== undefined) draft.agent = agentText(line, referrerEnd + 3, agentTo)
  return agentEnd < 0 ? end : agentEnd + 1
}
