export { node, type NodeHandler } from './node.js'
