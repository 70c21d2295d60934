export * from './fake-clock.js'
export * from './needs.js'
export * from './seeded-random.js'
export * from './system-postgres.js'
