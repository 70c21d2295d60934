export { createActivity, type ActivityCollector } from './collect-activity.js'
export type { ActivityReport, AddressActivity, AdminAct, DataAccess, Oddity, PersonActivity } from './types.js'
