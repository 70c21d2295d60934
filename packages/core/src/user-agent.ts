/** What a User-Agent tells, without versions: those change every few weeks. */
export type UserAgent = { readonly browser: string; readonly platform: string; readonly mobile: boolean }

/** Characters of a User-Agent that are looked at. */
const LOOKED_AT = 512

/** What stands in a User-Agent, and whose it is; the first that is found counts, since most browsers name others as well. */
const BROWSERS: readonly (readonly [mark: string, browser: string])[] = [
  ['Edg', 'edge'],
  ['OPR/', 'opera'],
  ['Opera', 'opera'],
  ['SamsungBrowser', 'samsung'],
  ['YaBrowser', 'yandex'],
  ['Vivaldi', 'vivaldi'],
  ['DuckDuckGo', 'duckduckgo'],
  ['Ddg/', 'duckduckgo'],
  ['FxiOS', 'firefox'],
  ['Firefox', 'firefox'],
  ['CriOS', 'chrome'],
  ['Chrom', 'chrome'],
  ['Trident/', 'explorer'],
  ['MSIE ', 'explorer'],
  ['AppleWebKit', 'safari'],
]
const PLATFORMS: readonly (readonly [mark: string, platform: string])[] = [
  ['Windows', 'windows'],
  ['Android', 'android'],
  ['iPhone', 'ios'],
  ['iPad', 'ios'],
  ['iPod', 'ios'],
  ['CrOS', 'chromeos'],
  ['Macintosh', 'macos'],
  ['Mac OS X', 'macos'],
  ['Linux', 'linux'],
  ['X11', 'linux'],
]
const HINTED: ReadonlyMap<string, string> = new Map([
  ['windows', 'windows'],
  ['android', 'android'],
  ['ios', 'ios'],
  ['macos', 'macos'],
  ['linux', 'linux'],
  ['chrome os', 'chromeos'],
  ['chromium os', 'chromeos'],
  // as browsers send it, so that most requests need no rewriting
  ['"Windows"', 'windows'],
  ['"Android"', 'android'],
  ['"macOS"', 'macos'],
  ['"Linux"', 'linux'],
])
const NAMES: ReadonlyMap<string, string> = new Map([
  ['edge', 'Edge'],
  ['opera', 'Opera'],
  ['samsung', 'Samsung Internet'],
  ['yandex', 'Yandex Browser'],
  ['vivaldi', 'Vivaldi'],
  ['duckduckgo', 'DuckDuckGo'],
  ['firefox', 'Firefox'],
  ['chrome', 'Chrome'],
  ['explorer', 'Internet Explorer'],
  ['safari', 'Safari'],
  ['windows', 'Windows'],
  ['android', 'Android'],
  ['ios', 'iOS'],
  ['chromeos', 'ChromeOS'],
  ['macos', 'macOS'],
  ['linux', 'Linux'],
])

const NOBODY: UserAgent = { browser: 'none', platform: 'other', mobile: false }

/** The name of a program that is no browser: letters before `/`, a space or the end. */
const programOf = (text: string): string => {
  let end = 0
  while (end < text.length && end < 24) {
    const c = text.charCodeAt(end) | 32
    if (c < 97 || c > 122) break
    end++
  }
  return end === 0 ? 'other' : `program:${text.slice(0, end).toLowerCase()}`
}

/** Reads a User-Agent. Linear in at most 512 characters, without patterns; what nobody knows is a program by its first word. */
export const readAgent = (header: string | undefined): UserAgent => {
  if (header === undefined || header === '') return NOBODY
  const text = header.length > LOOKED_AT ? header.slice(0, LOOKED_AT) : header
  const browser = BROWSERS.find(([mark]) => text.includes(mark))?.[1] ?? programOf(text)
  const platform = PLATFORMS.find(([mark]) => text.includes(mark))?.[1] ?? 'other'
  return { browser, platform, mobile: platform === 'ios' || text.includes('Mobile') }
}

/** The platform of a `Sec-CH-UA-Platform`, in the words of {@link readAgent}; `undefined` for none or one that says nothing. */
export const readHintedPlatform = (header: string | undefined): string | undefined =>
  header === undefined || header.length > 40
    ? undefined
    : (HINTED.get(header) ?? HINTED.get(header.replaceAll('"', '').trim().toLowerCase()))

/** A phone or tablet that asks for pages as a desktop names the desktop kin of its own platform. */
export const isDesktopKin = (a: string, b: string): boolean =>
  (a === 'android' && b === 'linux') ||
  (a === 'linux' && b === 'android') ||
  (a === 'ios' && b === 'macos') ||
  (a === 'macos' && b === 'ios')

/** A device in words of our own, whatever the header held: `Firefox on Windows`. `undefined` where nothing is known. */
export const describeDevice = (agent: UserAgent): string | undefined => {
  const browser = NAMES.get(agent.browser)
  const platform = NAMES.get(agent.platform)
  if (browser === undefined && platform === undefined) return agent.browser.startsWith('program:') ? 'a program' : undefined
  return `${browser ?? 'a program'}${platform === undefined ? '' : ` on ${platform}`}`
}
