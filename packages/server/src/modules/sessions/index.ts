export { createOperatorSessions, type OperatorSessions } from './operator-sessions.js'
export { createPostgresStore, type PostgresStore } from './postgres-store.js'
export { createSignIn, type SignIn } from './sign-in.js'
