export { groupStored } from './group-stored.js'
export { tellingValues } from './top-values.js'
export { createTriage, type Triage, type TriageFilter } from './triage-store.js'
