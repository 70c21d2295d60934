export type { SealedColumnOptions } from '../sealed/model.js'
export { type PrismaOperation, sealedFields, type SealedFieldsExtension } from './extension.js'
export type { PrismaModelOptions, PrismaModels } from './model.js'
