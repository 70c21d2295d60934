export { createDecisionImpact, type DecisionImpact } from './decision-impact.js'
export { createDecisionStore, type DecisionFilter, type DecisionStore } from './decision-store.js'
