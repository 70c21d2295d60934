export { redisStore, type RedisClient, type RedisStore, type RedisStoreOptions } from './redis-store.js'
