export type { SealedColumnOptions, SealedTableOptions, SealedTables } from '../sealed/model.js'
export { sealedColumns, type SealedColumns, type SealedColumnsOptions, type SealedHandle } from './plugin.js'
