export { express, expressErrors, type ExpressErrorHandler, type ExpressMiddleware } from './express.js'
