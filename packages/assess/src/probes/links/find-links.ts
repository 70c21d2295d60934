import { Parser } from 'htmlparser2'

const MOST_LINKS = 5
const LONGEST = 4_096
const NAMES = ['href', 'src', 'action', 'data-href', 'data-url'] as const

const fromJson = (value: unknown, found: string[], depth: number): void => {
  if (found.length > 10_000 || depth > 20) return
  if (typeof value === 'string') found.push(value)
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) fromJson(one, found, depth + 1)
}

const fromPage = (html: string): readonly string[] => {
  const found: string[] = []
  const parser = new Parser({
    onopentag: (_, attributes) => {
      for (const name of NAMES) if (attributes[name] !== undefined && found.length < 10_000) found.push(attributes[name])
    },
  })
  parser.end(html)
  return found
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The links of a page or a JSON text that lead to a path with this beginning at one of the origins, as path and query; each once, at most 5.
 */
export const findLinks = (text: string, page: string, pattern: string, origins: readonly string[]): readonly string[] => {
  const json = /^\s*[[{]/.test(text) ? parsed(text) : undefined
  const texts: string[] = []
  if (json === undefined) texts.push(...fromPage(text))
  else fromJson(json, texts, 0)
  const [home = 'http://target.invalid'] = origins
  const links = new Set<string>()
  for (const one of texts) {
    if (one.length > LONGEST || links.size === MOST_LINKS) continue
    const url = URL.canParse(one, home + page) ? new URL(one, home + page) : undefined
    if (url !== undefined && origins.includes(url.origin) && url.pathname.startsWith(pattern)) links.add(url.pathname + url.search)
  }
  return [...links]
}
