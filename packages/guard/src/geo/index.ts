export { createGeo, type Geo, type GeoOptions, type GeoProblem, type GeoStatus } from './geo.js'
export type { GeoLookup, Place } from './types.js'
