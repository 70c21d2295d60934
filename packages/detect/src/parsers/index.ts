export { LINE_BYTES, type LineParser, type ParseContext } from './line-parser.js'
export { nginxAccess } from './nginx-access.js'
export { parserFor, parsers, recognizeFormat } from './registry.js'
export { sshd } from './sshd.js'
