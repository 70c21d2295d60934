export { type GuardVariables, hono, type HonoGuardContext, type HonoGuardOptions, honoErrors } from './hono.js'
