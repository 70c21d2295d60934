import type { Route } from '../http/define-route.js'
import { authorize } from './authorize/authorize/route.js'
import { createPass } from './authorize/create-pass/route.js'
import { askSnapshot } from './feeds/ask-snapshot/route.js'
import { getFeed } from './feeds/get-feed/route.js'
import { beginPasskey } from './account/begin-passkey/route.js'
import { beginTotp } from './account/begin-totp/route.js'
import { changePassword } from './account/change-password/route.js'
import { confirmTotp } from './account/confirm-totp/route.js'
import { endOtherSessions } from './account/end-other-sessions/route.js'
import { endSession } from './account/end-session/route.js'
import { getAccount } from './account/get-account/route.js'
import { listNotices } from './account/list-notices/route.js'
import { listSessions } from './account/list-sessions/route.js'
import { makeRecoveryCodes } from './account/make-recovery-codes/route.js'
import { registerPasskey } from './account/register-passkey/route.js'
import { removePasskey } from './account/remove-passkey/route.js'
import { removeTotp } from './account/remove-totp/route.js'
import { renamePasskey } from './account/rename-passkey/route.js'
import { beat } from './agents/beat/route.js'
import { enrolAgent } from './agents/enrol-agent/route.js'
import { takeAlerts } from './agents/take-alerts/route.js'
import { getAlert } from './alerts/get-alert/route.js'
import { listAlerts } from './alerts/list-alerts/route.js'
import { streamAlerts } from './alerts/stream-alerts/route.js'
import { listAudit } from './audit/list-audit/route.js'
import { getPage } from './console/get-page/route.js'
import { createDecision } from './decisions/create-decision/route.js'
import { getDecision } from './decisions/get-decision/route.js'
import { previewDecision } from './decisions/preview-decision/route.js'
import { listEnforcers } from './enforcers/list-enforcers/route.js'
import { reportEnforcers } from './enforcers/report-enforcers/route.js'
import { confirmLockdown } from './lockdown/confirm-lockdown/route.js'
import { endLockdown } from './lockdown/end-lockdown/route.js'
import { getLockdown } from './lockdown/get-lockdown/route.js'
import { preflightLockdown } from './lockdown/preflight-lockdown/route.js'
import { startLockdown } from './lockdown/start-lockdown/route.js'
import { listPolicies } from './policies/list-policies/route.js'
import { previewPolicy } from './policies/preview-policy/route.js'
import { resetPolicyMode } from './policies/reset-policy-mode/route.js'
import { setPolicyMode } from './policies/set-policy-mode/route.js'
import { liftDecision } from './decisions/lift-decision/route.js'
import { liftDecisions } from './decisions/lift-decisions/route.js'
import { listDecisions } from './decisions/list-decisions/route.js'
import { streamDecisions } from './decisions/stream-decisions/route.js'
import { removeDemo } from './demo/remove-demo/route.js'
import { createEnrolment } from './enrolments/create-enrolment/route.js'
import { listEnrolments } from './enrolments/list-enrolments/route.js'
import { removeEnrolment } from './enrolments/remove-enrolment/route.js'
import { exportEvents } from './events/export-events/route.js'
import { getHistogram } from './events/get-histogram/route.js'
import { ingestEvents } from './events/ingest-events/route.js'
import { ingestOcsf } from './events/ingest-ocsf/route.js'
import { ingestOtlp } from './events/ingest-otlp/route.js'
import { listFindings } from './alerts/list-findings/route.js'
import { listValues } from './events/list-values/route.js'
import { searchEvents } from './events/search-events/route.js'
import { createException } from './exceptions/create-exception/route.js'
import { listExceptions } from './exceptions/list-exceptions/route.js'
import { previewException } from './exceptions/preview-exception/route.js'
import { removeException } from './exceptions/remove-exception/route.js'
import { getHealth } from './health/get-health/route.js'
import { getReadiness } from './health/get-readiness/route.js'
import { actOnIncident } from './incidents/act-on-incident/route.js'
import { getIncident } from './incidents/get-incident/route.js'
import { listIncidents } from './incidents/list-incidents/route.js'
import { openIncident } from './incidents/open-incident/route.js'
import { getMetrics } from './metrics/get-metrics/route.js'
import { acknowledgeByLink } from './notifications/acknowledge-by-link/route.js'
import { acknowledgeNotification } from './notifications/acknowledge-notification/route.js'
import { changeChannel } from './notifications/change-channel/route.js'
import { createChannel } from './notifications/create-channel/route.js'
import { listChannels } from './notifications/list-channels/route.js'
import { listNotifications } from './notifications/list-notifications/route.js'
import { listRoutes } from './notifications/list-routes/route.js'
import { removeChannel } from './notifications/remove-channel/route.js'
import { replaceRoutes } from './notifications/replace-routes/route.js'
import { showAcknowledge } from './notifications/show-acknowledge/route.js'
import { testChannel } from './notifications/test-channel/route.js'
import { getOpenApi } from './openapi/get-openapi/route.js'
import { changeRole } from './operators/change-role/route.js'
import { createOperator } from './operators/create-operator/route.js'
import { endOperatorSessions } from './operators/end-operator-sessions/route.js'
import { listOperatorSessions } from './operators/list-operator-sessions/route.js'
import { listOperators } from './operators/list-operators/route.js'
import { removeOperator } from './operators/remove-operator/route.js'
import { resetOperator } from './operators/reset-operator/route.js'
import { getOverview } from './overview/get-overview/route.js'
import { finishReset } from './reset/finish-reset/route.js'
import { getReset } from './reset/get-reset/route.js'
import { getRule } from './rules/get-rule/route.js'
import { listRules } from './rules/list-rules/route.js'
import { switchRule } from './rules/switch-rule/route.js'
import { testRule } from './rules/test-rule/route.js'
import { beginPasskeySignIn } from './session/begin-passkey/route.js'
import { beginStepUp } from './session/begin-step-up/route.js'
import { finishSignIn } from './session/finish-sign-in/route.js'
import { getSession } from './session/get-session/route.js'
import { signInWithPasskey } from './session/sign-in-with-passkey/route.js'
import { signIn } from './session/sign-in/route.js'
import { signOut } from './session/sign-out/route.js'
import { stepUp } from './session/step-up/route.js'
import { finishSetup } from './setup/finish-setup/route.js'
import { getSetup } from './setup/get-setup/route.js'
import { changeSource } from './sources/change-source/route.js'
import { createSource } from './sources/create-source/route.js'
import { listSources } from './sources/list-sources/route.js'
import { createToken } from './tokens/create-token/route.js'
import { listTokens } from './tokens/list-tokens/route.js'
import { revokeToken } from './tokens/revoke-token/route.js'
import { actOnGroup } from './triage/act-on-group/route.js'
import { actOnGroups } from './triage/act-on-groups/route.js'
import { getTriage } from './triage/get-triage/route.js'
import { listAssignees } from './triage/list-assignees/route.js'
import { listTriage } from './triage/list-triage/route.js'
import { changeView } from './views/change-view/route.js'
import { cancelReset } from './resets/cancel-reset/route.js'
import { getCampaign } from './resets/get-campaign/route.js'
import { listResets } from './resets/list-resets/route.js'
import { startReset } from './resets/start-reset/route.js'
import { actOnSubject } from './subjects/act-on-subject/route.js'
import { getSubject } from './subjects/get-subject/route.js'
import { importSubjects } from './subjects/import-subjects/route.js'
import { listSubjects } from './subjects/list-subjects/route.js'
import { createView } from './views/create-view/route.js'
import { listViews } from './views/list-views/route.js'
import { removeView } from './views/remove-view/route.js'
import { explainTarget } from './why/explain-target/route.js'

/** Every route of the control plane. The walk over them in the tests holds each to its declarations. */
export const routes: readonly Route[] = [
  beginPasskey,
  beginTotp,
  changePassword,
  confirmTotp,
  endOtherSessions,
  endSession,
  getAccount,
  listNotices,
  listSessions,
  makeRecoveryCodes,
  registerPasskey,
  removePasskey,
  removeTotp,
  renamePasskey,
  getAlert,
  listAlerts,
  streamAlerts,
  listAudit,
  createDecision,
  getDecision,
  previewDecision,
  listEnforcers,
  reportEnforcers,
  confirmLockdown,
  endLockdown,
  getLockdown,
  preflightLockdown,
  startLockdown,
  listPolicies,
  previewPolicy,
  resetPolicyMode,
  setPolicyMode,
  liftDecision,
  liftDecisions,
  listDecisions,
  streamDecisions,
  removeDemo,
  ingestEvents,
  ingestOcsf,
  ingestOtlp,
  listFindings,
  searchEvents,
  getHealth,
  getReadiness,
  actOnIncident,
  getIncident,
  listIncidents,
  openIncident,
  getMetrics,
  getOpenApi,
  createOperator,
  listOperators,
  removeOperator,
  changeRole,
  endOperatorSessions,
  listOperatorSessions,
  resetOperator,
  getOverview,
  getSession,
  signIn,
  signOut,
  finishReset,
  getReset,
  beginPasskeySignIn,
  beginStepUp,
  finishSignIn,
  signInWithPasskey,
  stepUp,
  finishSetup,
  getSetup,
  createSource,
  listSources,
  createToken,
  listTokens,
  revokeToken,
  explainTarget,
  beat,
  enrolAgent,
  takeAlerts,
  createEnrolment,
  listEnrolments,
  removeEnrolment,
  exportEvents,
  getHistogram,
  listValues,
  createException,
  listExceptions,
  previewException,
  removeException,
  getRule,
  listRules,
  switchRule,
  testRule,
  changeSource,
  actOnGroup,
  actOnGroups,
  getTriage,
  listAssignees,
  listTriage,
  changeView,
  createView,
  listViews,
  removeView,
  authorize,
  createPass,
  askSnapshot,
  getFeed,
  cancelReset,
  getCampaign,
  listResets,
  startReset,
  actOnSubject,
  getSubject,
  importSubjects,
  listSubjects,
  acknowledgeByLink,
  acknowledgeNotification,
  changeChannel,
  createChannel,
  listChannels,
  listNotifications,
  listRoutes,
  removeChannel,
  replaceRoutes,
  showAcknowledge,
  testChannel,
  getPage,
]
