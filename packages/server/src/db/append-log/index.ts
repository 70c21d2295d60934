export { type AppendLog, createAppendLog, logChannel, readHead, type Written } from './append-log.js'
export { type Broadcast, createBroadcast } from './broadcast.js'
export { type Follower, followLog } from './follow.js'
