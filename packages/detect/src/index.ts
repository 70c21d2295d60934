export * from './activity/index.js'
export * from './doors/index.js'
export * from './lines/index.js'
export * from './parsers/index.js'
export * from './engine/index.js'
export { createEnricher, type Enricher } from './geo/enricher.js'
export * from './sigma/index.js'
export {
  compareWithTruth,
  measureQuality,
  type ToldAlert,
  type ClassQuality,
  type LabelledCampaign,
  type LabelledTruth,
  type QualityReport,
} from './quality/measure-quality.js'
