export { createSourceHealth, type SourceState } from './health.js'
export { createSilenceWatch } from './silence.js'
export { createSources, type Source, type Sources } from './sources.js'
