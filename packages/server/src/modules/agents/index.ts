export { createAgentAlerts, type TakenAlerts } from './agent-alerts.js'
export { type Agent, AGENT_SILENT_MS, type Agents, createAgents } from './agents.js'
export { checkSignature, readPublicKey } from './signature.js'
