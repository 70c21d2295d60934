export { type GeoInclude, geoInclude } from './geo-include.js'
