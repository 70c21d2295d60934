export { type AppendLog, createAppendLog, logChannel, type Written } from './append-log.js'
export { type Broadcast, createBroadcast } from './broadcast.js'
