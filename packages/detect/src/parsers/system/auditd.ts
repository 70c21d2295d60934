import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser } from '../line-parser.js'
import { auditEvent } from './audit-event.js'
import { createAuditDraft, readAuditFields, type AuditDraft } from './audit-fields.js'
import { wordEnd } from './host-message.js'

/** Records of the kernel that come several to an event; all others stand alone. The more telling one names the event. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ['CONFIG_CHANGE', 9],
  ['ANOM_PROMISCUOUS', 9],
  ['KERN_MODULE', 8],
  ['AVC', 8],
  ['EXECVE', 5],
  ['SYSCALL', 4],
  ['SOCKADDR', 3],
  ['PATH', 2],
  ['CWD', 1],
  ['PROCTITLE', 1],
  ['BPRM_FCAPS', 1],
  ['FD_PAIR', 1],
  ['OBJ_PID', 1],
  ['CAPSET', 1],
  ['MMAP', 1],
  ['NETFILTER_CFG', 3],
  ['BPF', 3],
  ['SECCOMP', 3],
  ['LOGIN', 3],
  ['INTEGRITY_PCR', 1],
  ['EOE', 0],
])

/** events that may be incomplete at a time, and how long one may be, ms of event time */
const PENDING = 64
const PATIENCE = 2_000

type Head = { type: string; time: number; id: string; host: string | undefined; bodyFrom: number }
const head: Head = { type: '', time: 0, id: '', host: undefined, bodyFrom: 0 }

/** Reads `[node=HOST ]type=TYPE msg=audit(SECONDS.MS:SERIAL):` */
const readHead = (line: string, end: number): boolean => {
  let at = 0
  head.host = undefined
  if (line.startsWith('node=')) {
    const space = wordEnd(line, 5, end)
    head.host = line.slice(5, space)
    at = space + 1
  }
  if (!line.startsWith('type=', at)) return false
  const typeEnd = wordEnd(line, at + 5, end)
  if (typeEnd - at > 45 || typeEnd === at + 5 || !line.startsWith(' msg=audit(', typeEnd)) return false
  const stamp = typeEnd + 11
  const close = line.indexOf(')', stamp)
  if (close < 0 || close - stamp > 40 || close + 1 >= end || line.charCodeAt(close + 1) !== 58) return false
  const colon = line.indexOf(':', stamp)
  const time = Math.round(Number(line.slice(stamp, colon)) * 1_000)
  if (colon > close || !(time >= 0 && time < 253_402_300_800_000)) return false
  head.type = line.slice(at + 5, typeEnd)
  head.time = time
  head.id = line.slice(stamp, close)
  head.bodyFrom = close + 2
  return true
}

const addRecord = (line: string, end: number, draft: AuditDraft): void => {
  const rank = RANKS.get(head.type) ?? 10
  draft.host ??= head.host
  if (draft.type === '' || rank > draft.rank) {
    draft.type = head.type
    draft.rank = rank
    draft.text = line.slice(Math.min(end, head.bodyFrom + 1), end)
  }
  readAuditFields(line, head.bodyFrom, end, head.type, draft)
}

const parseAlone = (line: string): SecurityEvent | undefined => {
  const end = contentEnd(line)
  if (!readHead(line, end)) return undefined
  const draft = createAuditDraft(head.id, head.time)
  addRecord(line, end, draft)
  return auditEvent(draft)
}

const sniff = (line: string): boolean => readHead(line, contentEnd(line))

/** Joins the records of one stream: an event is complete at its last record, or when it is too old or too many others wait. */
const openAuditd = (): LineParser => {
  const pending = new Map<string, AuditDraft>()
  const ready: AuditDraft[] = []

  const finish = (draft: AuditDraft): void => {
    pending.delete(draft.id)
    if (draft.type !== '') ready.push(draft)
  }
  const finishOld = (now: number): void => {
    for (const draft of pending.values()) {
      if (pending.size <= PENDING && draft.time > now - PATIENCE) break
      finish(draft)
    }
  }
  const next = (): SecurityEvent | undefined => {
    const draft = ready.shift()
    return draft === undefined ? undefined : auditEvent(draft)
  }
  return {
    name: 'auditd',
    sniff,
    isForeign: () => false,
    // one line begins at most one event, so what is ready never outgrows what is pending
    parse: (line) => {
      const end = contentEnd(line)
      if (!readHead(line, end)) return undefined
      const { type, id } = head
      const known = pending.get(id)
      if (type === 'EOE') {
        if (known !== undefined) finish(known)
        return next()
      }
      const draft = known ?? createAuditDraft(id, head.time)
      if (known === undefined) pending.set(id, draft)
      addRecord(line, end, draft)
      if (!RANKS.has(type) || type === 'PROCTITLE') finish(draft)
      finishOld(draft.time)
      return next()
    },
    flush: () => {
      for (const draft of pending.values()) finish(draft)
      return next()
    },
  }
}

/**
 * Linux's audit log: `type=SYSCALL msg=audit(1732273925.123:456): ...`. An opened parser joins the records of an event (SYSCALL, EXECVE, PATH, ...) by
 * their `msg=audit(TIME:SERIAL)`, also when events are interleaved; alone each record is an event. Text in hex is decoded.
 */
export const auditd: LineParser = { name: 'auditd', parse: parseAlone, sniff, isForeign: () => false, open: openAuditd }
