export { addTriage } from './triage.js'
