import type { AddressRange } from '@parapet/core'
import { type DeniedRanges, fewest, rangeLines } from '../lists/denied-ranges.js'

/** What an include says: variables for `if ($parapet_denied) { return 403; }` and for reading back what runs. */
export type GeoInclude = {
  readonly text: string
  /** stands in `$parapet_generation`: letters and digits; the same ranges give the same one */
  readonly generation: string
}

const block = (variable: string, lines: readonly string[]): string[] => [`geo $${variable} {`, ...lines.map((line) => `\t${line};`), '}']

/** nginx takes the narrowest range that holds an address: what is allowed within a denied range passes. */
const denying = (denied: readonly AddressRange[], allowed: readonly AddressRange[]): string[] => [
  'default 0',
  ...rangeLines(denied).map((line) => `${line} 1`),
  ...rangeLines(allowed).map((line) => `${line} 0`),
]

/**
 * A regular expression for the seconds of `$msec` before a time: nginx compares texts only. So a lockdown ends in nginx by itself, also
 * when nobody is left to write the include anew. `at` in ms UTC, from 2001 to 2286, while seconds have ten digits.
 */
export const beforeSeconds = (at: number): string => {
  const digits = String(Math.min(9_999_999_999, Math.max(1_000_000_000, Math.ceil(at / 1_000))))
  const parts = digits.split('').flatMap((digit, place) => {
    if (digit === '0') return []
    const less = digit === '1' ? '0' : `[0-${Number(digit) - 1}]`
    const rest = digits.length - place - 1
    return [`${digits.slice(0, place)}${less}${rest === 0 ? '' : `[0-9]{${rest}}`}`]
  })
  return `~^(?:${parts.join('|')})\\.`
}

const lockdownBlocks = ({ ranges, until }: NonNullable<DeniedRanges['onlyAllowed']>, allowed: readonly AddressRange[]): string[] => {
  const final = (variable: string): string =>
    `map "$parapet_locked$parapet_outside-$${variable}_range" $${variable} { default 0; "~^11" 1; "~-1$" 1; }`
  return [
    ...block('parapet_outside', ['default 1', ...rangeLines(fewest([...ranges, ...allowed])).map((line) => `${line} 0`)]),
    `map $msec $parapet_locked { default 0; "${beforeSeconds(until)}" 1; }`,
    final('parapet_denied'),
    final('parapet_denied_sign_in'),
  ]
}

/**
 * The nginx include for what is denied: `$parapet_denied` (everywhere) and `$parapet_denied_sign_in` (everywhere and at sign-in) are `1` or
 * `0` for each client. Canonical and deterministic: nothing in it but re-serialised addresses. `allowed` is never denied, whatever is.
 * `digest` makes a text of letters and digits of a long one, such as SHA-256 in hex. Source: ngx_http_geo_module, ngx_http_map_module.
 */
export const geoInclude = (
  denied: Pick<DeniedRanges, 'all' | 'signIn' | 'onlyAllowed'>,
  allowed: readonly AddressRange[],
  digest: (text: string) => string,
): GeoInclude => {
  const { all, signIn, onlyAllowed } = denied
  const suffix = onlyAllowed === undefined ? '' : '_range'
  const body = [
    ...block(`parapet_denied${suffix}`, denying(all, allowed)),
    ...block(`parapet_denied_sign_in${suffix}`, denying(fewest([...all, ...signIn]), allowed)),
    ...(onlyAllowed === undefined ? [] : lockdownBlocks(onlyAllowed, allowed)),
  ].join('\n')
  const generation = digest(body).slice(0, 32)
  const text = [
    '# Written by the Parapet agent and written anew with every change: do not edit.',
    `map $host $parapet_generation { default "${generation}"; }`,
    body,
    '',
  ].join('\n')
  return { text, generation }
}
