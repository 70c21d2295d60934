export { migrate } from './migrate.js'
export { startDatabase } from './start.js'
export type { Database, DatabaseLog, DatabaseOptions } from './types.js'
