import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { findAssets } from '../seen/assets.js'
import { createCrowd, exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'

type Facts = { readonly files: readonly { readonly asset: Seen; readonly inline: boolean; readonly maps: readonly Seen[] }[] }

/** The address in the last `sourceMappingURL` comment of a script or style. Source: ECMA-426. */
export const mapAddress = (text: string): string | undefined => {
  const at = Math.max(
    text.lastIndexOf('//# sourceMappingURL='),
    text.lastIndexOf('//@ sourceMappingURL='),
    text.lastIndexOf('/*# sourceMappingURL='),
  )
  if (at < 0) return undefined
  const address = text.slice(at + 21, at + 1_021).split(/[\s*'"]/, 1)[0] ?? ''
  return address === '' ? undefined : address
}

/** Is this a source map: JSON of version 3 with mappings? */
export const isSourceMap = (text: string): boolean => {
  const begin = text.replace(/^\)\]\}'[^\n]*\n/, '').trimStart()
  return begin.startsWith('{') && /"version"\s*:\s*3\b/.test(begin) && /"(?:mappings|sources|sections)"\s*:/.test(begin)
}

const pathOf = (address: string, base: string, origins: readonly string[]): string | undefined => {
  const [home = ''] = origins
  if (!URL.canParse(address, home + base)) return undefined
  const url = new URL(address, home + base)
  return origins.includes(url.origin) ? url.pathname + url.search : undefined
}

/** Source maps beside scripts and styles, by comment, by header and by name. Source: ASVS 15.2.3. */
export const sourceMap: Probe = defineProbe<Facts>({
  id: 'CFG-018',
  name: 'source-map',
  family: 'exposure',
  title: 'Source maps are served',
  severity: 'low',
  kind: 'passive',
  cwe: 540,
  asvs: ['15.2.3'],
  needs: [],
  why: 'A source map holds the code as it was written, comments and unreleased parts included.',
  fix: 'Build without source maps for the public folder, or upload them to the error tracker and delete them before the release.',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = createCrowd(context, 'an anonymous visitor')
    const { assets } = await findAssets(context, nobody)
    const files: Facts['files'][number][] = []
    for (const path of assets.filter((one) => /\.(?:m?js|css)(?:\?|$)/.test(one)).slice(0, 10)) {
      const asset = await see(nobody, { path }, 1_100_000)
      const named = mapAddress(asset.text) ?? asset.headers['sourcemap'] ?? asset.headers['x-sourcemap']
      const inline = named?.startsWith('data:application/json') ?? false
      const origins = [context.origin, context.publicOrigin]
      const places = new Set([`${path.split('?', 1)[0]}.map`])
      const place = named === undefined || inline ? undefined : pathOf(named, path, origins)
      if (place !== undefined) places.add(place)
      const maps: Seen[] = []
      for (const map of places) maps.push(await see(nobody, { path: map }, 3_000))
      files.push({ asset: { ...asset, text: '' }, inline, maps })
    }
    return { files }
  },
  judge: ({ files }) => {
    if (files.length === 0) return [{ verdict: 'skipped', locator: '/', reason: 'no script or style was found: declare "pages.assets"' }]
    return files.map(({ asset, inline, maps }): ProbeVerdict => {
      const locator = asset.url
      const served = maps.find((seen) => isOk(seen) && isSourceMap(seen.text))
      if (inline && isOk(asset))
        return {
          verdict: 'fail',
          locator,
          says: `${locator} carries its own source map`,
          evidence: [exchangeOf(asset, { note: 'sourceMappingURL=data:application/json' })],
        }
      if (served !== undefined)
        return {
          verdict: 'fail',
          locator,
          says: `${locator} has its source map at ${served.url}`,
          evidence: [exchangeOf(asset), exchangeOf(served, { headers: ['content-type'], around: 0 })],
        }
      const broken = unusable(locator, asset) ?? maps.map((seen) => unusable(locator, seen)).find((verdict) => verdict !== undefined)
      if (broken !== undefined) return broken
      if (!isOk(asset))
        return { verdict: 'inconclusive', locator, reason: `${locator} did not open (${asset.status}): declare a file that does` }
      return {
        verdict: 'pass',
        locator,
        control: `${locator} opened (${asset.status}); ${maps.map(({ url, status }) => `${url} answered ${status}`).join(', ')}`,
      }
    })
  },
})
