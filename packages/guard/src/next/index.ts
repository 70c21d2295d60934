export { next, type NextGuard, type NextGuardOptions, type RouteHandler } from './next.js'
