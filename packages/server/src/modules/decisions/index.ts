export { createDecisionStore, type DecisionFilter, type DecisionStore } from './decision-store.js'
