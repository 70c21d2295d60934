export { addDecisions } from './list.js'
