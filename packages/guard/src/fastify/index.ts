export { fastify, fastifyFrameworkErrors, type FastifyGuardOptions } from './fastify.js'
