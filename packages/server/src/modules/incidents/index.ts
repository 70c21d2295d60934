export { createIncidents } from './incidents.js'
export type { IncidentFilter, IncidentOpening, Incidents, NewIncidentEntry } from './types.js'
