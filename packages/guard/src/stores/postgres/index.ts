export { postgresStore, type PostgresPool, type PostgresStore, type PostgresStoreOptions } from './postgres-store.js'
export { postgresStoreSchema } from './schema.js'
