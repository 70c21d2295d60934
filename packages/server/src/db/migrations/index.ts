import type { Migration } from '../migration.js'
import { eventsAlertsDecisions } from './0001-events-alerts-decisions.js'

/** Every step of the schema, in order. A new one is added at the end, never between. */
export const MIGRATIONS: readonly Migration[] = [eventsAlertsDecisions]
