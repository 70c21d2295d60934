export { LINE_BYTES, type LineParser, openParser, type ParseContext } from './line-parser.js'
export { nginxAccess } from './nginx-access.js'
export { parserFor, parsers, recognizeFormat } from './registry.js'
export { sshd } from './sshd.js'
export { compileMapping } from './mapping/compile-mapping.js'
export { compileLogFormat } from './web/log-format.js'
export {
  createJournalDecoder,
  createPostgresql,
  createSyslogDecoder,
  type JournalEntry,
  journalEvent,
  redisAclEvents,
  syslogDatagram,
} from './system/index.js'
