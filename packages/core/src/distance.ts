const EARTH_KM = 6_371

/** The great-circle distance of two points in degrees, km. Source: the haversine formula. */
export const distanceKm = (aLat: number, aLon: number, bLat: number, bLon: number): number => {
  const rad = Math.PI / 180
  const lat = Math.sin(((bLat - aLat) * rad) / 2) ** 2
  const lon = Math.sin(((bLon - aLon) * rad) / 2) ** 2
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(lat + Math.cos(aLat * rad) * Math.cos(bLat * rad) * lon)))
}
