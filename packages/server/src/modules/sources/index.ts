export { createSources, type Source, type Sources } from './sources.js'
