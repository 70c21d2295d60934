export { express, type ExpressMiddleware } from './express.js'
