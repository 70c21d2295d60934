import type { LineParser } from '../line-parser.js'
import { sshd } from '../sshd.js'
import { auditd } from './auditd.js'
import { auth, syslog } from './auth.js'
import { journalJson } from './journal.js'
import { postgresqlCsv } from './postgres-csv.js'
import { postgresqlJson } from './postgres-json.js'
import { postgresql } from './postgresql.js'
import { redis } from './redis.js'

/** Parsers of hosts and databases, in the order in which they are tried: where two know as many lines, the earlier one counts. */
export const systemParsers: readonly LineParser[] = [
  auth,
  sshd,
  auditd,
  journalJson,
  postgresql,
  postgresqlCsv,
  postgresqlJson,
  redis,
  syslog,
]

export { createDocker } from './docker.js'
export { journalEvent, type JournalEntry } from './journal.js'
export { createJournalDecoder, type JournalCounts, type JournalDecoder } from './journal-decoder.js'
export { createPostgresql } from './postgresql.js'
export { redisAclEvents } from './redis.js'
export { createSyslogDecoder, syslogDatagram, type SyslogCounts, type SyslogDecoder } from './syslog-decoder.js'
