export type { GeoLookup, Place } from '@parapet/core'
