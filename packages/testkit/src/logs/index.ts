export { type GeneratedLog, generateLog, type LogKind, type LogOptions } from './generate-log.js'
export { hostileNginxLog } from './hostile-log.js'
export { type AttackerTruth, type LogTruth } from './truth.js'
export { writeLines } from './write-lines.js'
