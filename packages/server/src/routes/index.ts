import type { Route } from '../http/define-route.js'
import { getAlert } from './alerts/get-alert/route.js'
import { listAlerts } from './alerts/list-alerts/route.js'
import { streamAlerts } from './alerts/stream-alerts/route.js'
import { listAudit } from './audit/list-audit/route.js'
import { getPage } from './console/get-page/route.js'
import { createDecision } from './decisions/create-decision/route.js'
import { liftDecision } from './decisions/lift-decision/route.js'
import { liftDecisions } from './decisions/lift-decisions/route.js'
import { listDecisions } from './decisions/list-decisions/route.js'
import { streamDecisions } from './decisions/stream-decisions/route.js'
import { removeDemo } from './demo/remove-demo/route.js'
import { ingestEvents } from './events/ingest-events/route.js'
import { searchEvents } from './events/search-events/route.js'
import { getHealth } from './health/get-health/route.js'
import { getReadiness } from './health/get-readiness/route.js'
import { getMetrics } from './metrics/get-metrics/route.js'
import { getOpenApi } from './openapi/get-openapi/route.js'
import { createOperator } from './operators/create-operator/route.js'
import { listOperators } from './operators/list-operators/route.js'
import { removeOperator } from './operators/remove-operator/route.js'
import { getOverview } from './overview/get-overview/route.js'
import { getSession } from './session/get-session/route.js'
import { signIn } from './session/sign-in/route.js'
import { signOut } from './session/sign-out/route.js'
import { finishSetup } from './setup/finish-setup/route.js'
import { getSetup } from './setup/get-setup/route.js'
import { createSource } from './sources/create-source/route.js'
import { listSources } from './sources/list-sources/route.js'
import { createToken } from './tokens/create-token/route.js'
import { listTokens } from './tokens/list-tokens/route.js'
import { revokeToken } from './tokens/revoke-token/route.js'
import { explainTarget } from './why/explain-target/route.js'

/** Every route of the control plane. The walk over them in the tests holds each to its declarations. */
export const routes: readonly Route[] = [
  getAlert,
  listAlerts,
  streamAlerts,
  listAudit,
  createDecision,
  liftDecision,
  liftDecisions,
  listDecisions,
  streamDecisions,
  removeDemo,
  ingestEvents,
  searchEvents,
  getHealth,
  getReadiness,
  getMetrics,
  getOpenApi,
  createOperator,
  listOperators,
  removeOperator,
  getOverview,
  getSession,
  signIn,
  signOut,
  finishSetup,
  getSetup,
  createSource,
  listSources,
  createToken,
  listTokens,
  revokeToken,
  explainTarget,
  getPage,
]
