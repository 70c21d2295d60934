import type { Validator } from '../validator.js'

/** Ends of file names and of unit names that are no top-level domains: `icon@2x.png`, `getty@tty1.service`. */
const NO_DOMAINS = new Set(
  (
    'png jpg jpeg gif svg webp avif ico bmp css scss sass less js mjs cjs jsx ts tsx mts cts json html htm xml txt map pdf woff woff2 ttf eot otf mp4 mp3 wav ogg ' +
    'webm yml yaml toml lock tgz gz bz2 xz tar whl jar log tmp bak service socket timer target mount slice scope device path local localdomain internal lan'
  ).split(' '),
)
const STANDING = new Set(['local', 'localdomain', 'internal', 'lan'])

/** Names before `@` that are accounts of machines in addresses of repositories, when a path follows. */
const REPOSITORY_USERS = new Set(['git', 'hg', 'svn', 'aur', 'gitlab', 'bitbucket'])

const isLabelUnit = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 45 || code === 95 || code >= 128

/** The length of the domain at the start of a text: labels of 1 to 63 characters, at most 253 in all. */
const domainLength = (text: string): number => {
  let end = 0
  let label = 0
  for (let i = 0; i <= text.length && i <= 253; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0
    if (i < text.length && isLabelUnit(code)) {
      if (++label > 63) return 0
      continue
    }
    if (label > 0 && text.charCodeAt(i - 1) !== 45) end = i
    if (code !== 46 || label === 0) break
    label = 0
  }
  return end
}

/**
 * Keeps an e-mail address as people write them (RFC 5321 in practice, RFC 6531 for other alphabets): the longest domain that can be one. File names,
 * package versions and repository addresses are none.
 */
export const emailAddress: Validator = (value) => {
  const at = value.lastIndexOf('@')
  const rest = value.slice(at + 1)
  const length = domainLength(rest)
  const domain = rest.slice(0, length)
  const dot = domain.lastIndexOf('.')
  if (dot < 0 || at < 1 || isOnlyDots(value, at)) return false
  const top = domain.slice(dot + 1).toLowerCase()
  // a top-level domain has letters only, or is internationalised
  if (top.length < 2 || !(/^[a-z]+$/.test(top) || /^xn--[a-z0-9-]+$/.test(top) || /[^\0-\u007f]/.test(top))) return false
  if (NO_DOMAINS.has(top) && !STANDING.has(top)) return false
  if (/^[v\d]/.test(domain) && isVersion(domain)) return false
  const next = rest[length]
  if ((next === ':' || next === '/') && REPOSITORY_USERS.has(value.slice(0, at).toLowerCase())) return false
  return at + 1 + length
}

const isOnlyDots = (value: string, end: number): boolean => {
  for (let i = 0; i < end; i++) if (value.charCodeAt(i) !== 46) return false
  return true
}

/** Numbers in all labels but the last: `18.2.0-rc`, `1.4.beta`. */
const isVersion = (domain: string): boolean => {
  const labels = domain.split('.').slice(0, -1)
  return labels.length > 1 && labels.every((label) => /^v?\d{1,4}(?:-|$)/.test(label))
}
