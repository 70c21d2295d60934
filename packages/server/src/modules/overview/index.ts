export { isInForce } from './decisions.js'
export { type OverviewDeps, overviewOf } from './overview.js'
