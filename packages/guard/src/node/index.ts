export { malformed } from './malformed.js'
export { node, type NodeHandler } from './node.js'
export { upgrade, type UpgradeHandler } from './upgrade.js'
