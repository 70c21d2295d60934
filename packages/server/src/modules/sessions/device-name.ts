/** Systems and browsers by what their user agents say, the more particular first: each names those that it imitates. */
const SYSTEMS = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['CrOS', 'ChromeOS'],
  ['Macintosh', 'macOS'],
  ['Linux', 'Linux'],
] as const
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['curl/', 'curl'],
] as const

const wordOf = (agent: string, words: readonly (readonly [string, string])[]): string | undefined =>
  words.find(([mark]) => agent.includes(mark))?.[1]

/** A user agent in two words of ours, such as `Firefox on Linux`: what somebody sent is never shown itself. */
export const deviceName = (agent: string | undefined): string => {
  const browser = agent === undefined ? undefined : wordOf(agent, BROWSERS)
  const system = agent === undefined ? undefined : wordOf(agent, SYSTEMS)
  if (browser === undefined) return system === undefined ? 'an unknown device' : `a program on ${system}`
  return system === undefined ? browser : `${browser} on ${system}`
}
