export { type AppendLog, createAppendLog, logChannel, readHead } from './append-log.js'
export { type Follower, followLog } from './follow.js'
