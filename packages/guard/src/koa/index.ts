export { koa, type KoaContext, type KoaMiddleware } from './koa.js'
