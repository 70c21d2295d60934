export * from './lines/index.js'
export * from './parsers/index.js'
