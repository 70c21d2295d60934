export { followEvents } from './follow-events.js'
export { createSubjects } from './subjects.js'
export type { SubjectQuery, Subjects } from './types.js'
