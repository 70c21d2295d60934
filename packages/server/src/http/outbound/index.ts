export { createOutbound } from './outbound.js'
export type { Outbound, OutboundRequest, OutboundResult } from './types.js'
