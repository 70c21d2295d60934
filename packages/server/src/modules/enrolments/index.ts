export { createEnrolments, type Enrolments } from './enrolments.js'
