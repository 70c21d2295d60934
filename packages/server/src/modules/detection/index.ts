export type { BatchReport, DetectionDeps, DetectionEngine, DetectionWorker } from './types.js'
export { createDetectionWorker } from './worker.js'
