export { addActivity } from './activity.js'
