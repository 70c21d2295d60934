export { type LineBlock, type LineReader, readBytes, readLines, type ReadLinesOptions, type ReadProgress } from './read-lines.js'
export { type LineCounts } from './line-splitter.js'
export { prepareReplay } from './prepare-replay.js'
