import type { Migration } from '../migration.js'
import { eventsAlertsDecisions } from './0001-events-alerts-decisions.js'
import { operatorsTokensAudit } from './0002-operators-tokens-audit.js'
import { liveDecisionsInOrder } from './0003-live-decisions-in-order.js'
import { personalDataSealed } from './0004-personal-data-sealed.js'
import { sealedAnew } from './0005-sealed-anew.js'
import { operatorsSecured } from './0006-operators-secured.js'
import { detectionShards } from './0007-detection-shards.js'
import { triageRulesAgents } from './0008-triage-rules-agents.js'
import { ruleDays } from './0009-rule-days.js'
import { enforcement } from './0010-enforcement.js'
import { subjects } from './0011-subjects.js'
import { notifications } from './0012-notifications.js'
import { incidents } from './0013-incidents.js'
import { feeds } from './0014-feeds.js'
import { enforcersOfSources } from './0015-enforcers-of-sources.js'
import { credentialGeneration } from './0016-credential-generation.js'

/** Every step of the schema, in order. A new one is added at the end, never between. */
export const MIGRATIONS: readonly Migration[] = [
  eventsAlertsDecisions,
  operatorsTokensAudit,
  liveDecisionsInOrder,
  personalDataSealed,
  sealedAnew,
  operatorsSecured,
  detectionShards,
  triageRulesAgents,
  ruleDays,
  enforcement,
  subjects,
  notifications,
  incidents,
  feeds,
  enforcersOfSources,
  credentialGeneration,
]
