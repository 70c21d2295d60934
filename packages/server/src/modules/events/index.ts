export { type AppendResult, type EventBatch } from './event-log.js'
export { dayOf } from './event-row.js'
export { createEventStore, type EventStore, type SourceActivity } from './event-store.js'
export { type EventQuery } from './read-events.js'
