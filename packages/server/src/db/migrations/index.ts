import type { Migration } from '../migration.js'
import { eventsAlertsDecisions } from './0001-events-alerts-decisions.js'
import { operatorsTokensAudit } from './0002-operators-tokens-audit.js'
import { liveDecisionsInOrder } from './0003-live-decisions-in-order.js'
import { personalDataSealed } from './0004-personal-data-sealed.js'
import { sealedAnew } from './0005-sealed-anew.js'

/** Every step of the schema, in order. A new one is added at the end, never between. */
export const MIGRATIONS: readonly Migration[] = [
  eventsAlertsDecisions,
  operatorsTokensAudit,
  liveDecisionsInOrder,
  personalDataSealed,
  sealedAnew,
]
