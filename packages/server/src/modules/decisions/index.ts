export { createDecisionImpact, type DecisionImpact } from './decision-impact.js'
export { createDecisionStore, type DecisionFilter, type DecisionStore, type InForce } from './decision-store.js'
