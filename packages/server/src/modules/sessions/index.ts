export { createPostgresStore, type PostgresStore } from './postgres-store.js'
