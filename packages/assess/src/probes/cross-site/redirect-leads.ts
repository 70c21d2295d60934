import { Parser } from 'htmlparser2'
import type { ProbeAnswer } from '../../client/types.js'

/** Where an answer sends a browser, and by what. `to` is the text as the browser reads it, before it is resolved. */
export type Lead = { readonly by: 'Location' | 'Refresh' | 'meta refresh' | 'script'; readonly to: string }

/**
 * What following a text comes to: `home` stays with the target, `near` is another port, scheme or sub-domain of its host, `away` another
 * site, `script` runs as a script of the page, `nowhere` is not followed at all.
 */
export type Destination = 'home' | 'near' | 'away' | 'script' | 'nowhere'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Characters of a page that are read for scripts. */
const LONGEST_PAGE = 262_144
const LONGEST_TARGET = 4_096
/** Assignments to `location` that are looked at; a page with more is not one that redirects. */
const MOST_ASSIGNMENTS = 100

const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\t' || char === '\n' || char === '\f' || char === '\r'

/** The URL of `5; url=/next`, as a header or in a meta element; undefined when it only reloads. Source: HTML, section 4.2.5.3, refresh. */
export const readRefresh = (text: string): string | undefined => {
  let at = 0
  const skip = (): void => {
    while (isSpace(text[at])) at++
  }
  skip()
  const start = at
  while (/[\d.]/.test(text[at] ?? '')) at++
  if (at === start) return undefined
  skip()
  if (text[at] !== ';' && text[at] !== ',') return undefined
  at++
  skip()
  if (text.slice(at, at + 3).toLowerCase() === 'url') {
    const before = at
    at += 3
    skip()
    if (text[at] === '=') {
      at++
      skip()
    } else at = before
  }
  const quote = text[at]
  if (quote !== '"' && quote !== "'") return at < text.length ? text.slice(at, at + LONGEST_TARGET) : undefined
  const end = text.indexOf(quote, at + 1)
  return text.slice(at + 1, Math.min(end < 0 ? text.length : end, at + 1 + LONGEST_TARGET))
}

const unescapeScript = (text: string): string =>
  text.replaceAll(/\\(?:x([\da-f]{2})|u([\da-f]{4})|([\s\S]))/gi, (_, hex?: string, unicode?: string, char?: string) => {
    if (hex !== undefined || unicode !== undefined) return String.fromCharCode(Number.parseInt(hex ?? unicode ?? '0', 16))
    return { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' }[char ?? ''] ?? char ?? ''
  })

/** The text between quotes at this place, or undefined when there is none or it does not end. */
const literalAt = (script: string, at: number): string | undefined => {
  const quote = script[at]
  if (quote !== '"' && quote !== "'" && quote !== '`') return undefined
  for (let end = at + 1; end < Math.min(script.length, at + LONGEST_TARGET); end++) {
    if (script[end] === '\\') end++
    else if (script[end] === quote) return unescapeScript(script.slice(at + 1, end))
  }
  return undefined
}

/** Texts that a script gives to `location`: by `=`, `.href =`, `.assign(` and `.replace(`. Only literals: what is computed is not seen. */
export const scriptTargets = (script: string): readonly string[] => {
  const found: string[] = []
  let at = 0
  for (let seen = 0; seen < MOST_ASSIGNMENTS; seen++) {
    at = script.indexOf('location', at)
    if (at < 0) break
    at += 'location'.length
    const behind = /^(?:\.href)?\s{0,20}=\s{0,20}|^\.(?:assign|replace)\s{0,20}\(\s{0,20}/.exec(script.slice(at, at + 80))?.[0]
    const target = behind === undefined ? undefined : literalAt(script, at + behind.length)
    if (target !== undefined) found.push(target)
  }
  return found
}

const pageLeads = (html: string): { readonly leads: readonly Lead[]; readonly base: string | undefined } => {
  const leads: Lead[] = []
  let base: string | undefined
  let script: string | undefined
  const parser = new Parser({
    onopentag: (name, attributes) => {
      if (name === 'script') script = ''
      if (name === 'base') base ??= attributes['href']
      if (name !== 'meta' || attributes['http-equiv']?.trim().toLowerCase() !== 'refresh') return
      const to = readRefresh(attributes['content'] ?? '')
      if (to !== undefined) leads.push({ by: 'meta refresh', to })
    },
    ontext: (text) => {
      if (script !== undefined) script += text
    },
    onclosetag: (name) => {
      if (name !== 'script') return
      for (const to of scriptTargets(script ?? '')) leads.push({ by: 'script', to })
      script = undefined
    },
  })
  parser.end(html.slice(0, LONGEST_PAGE))
  return { leads, base }
}

/** Where an answer sends a browser without anybody clicking; `base` is what relative targets of its page stand for. */
export const leadsOf = (
  answer: Pick<ProbeAnswer, 'status' | 'headers' | 'text'>,
): { readonly leads: readonly Lead[]; readonly base: string | undefined } => {
  const header = (name: string): string | undefined => {
    const value = answer.headers.get(name)
    // the head of an answer comes as one character a byte; browsers read it as UTF-8
    return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8').slice(0, LONGEST_TARGET)
  }
  const location = header('location')
  if (location !== undefined && REDIRECTS.has(answer.status)) return { leads: [{ by: 'Location', to: location }], base: undefined }
  const refresh = readRefresh(header('refresh') ?? '')
  const isPage = /html|^$/i.test(answer.headers.get('content-type') ?? '')
  const { leads, base } = isPage ? pageLeads(answer.text) : { leads: [], base: undefined }
  return { leads: refresh === undefined ? leads : [{ by: 'Refresh', to: refresh }, ...leads], base }
}

const isOfHost = (hostname: string, home: string): boolean => {
  const own = new URL(home).hostname
  return hostname === own || hostname.endsWith(`.${own}`)
}

/**
 * What a browser makes of a target: the WHATWG URL parser resolves it against the page, and the origin decides. `homes` are the origins of
 * the target. Never throws.
 */
export const destinationOf = (lead: Lead, page: string, homes: readonly string[]): Destination => {
  const url = URL.canParse(lead.to, page) ? new URL(lead.to, page) : undefined
  if (url === undefined) return 'nowhere'
  // browsers follow a script only where a script of the page asks for it
  if (url.protocol === 'javascript:') return lead.by === 'script' ? 'script' : 'nowhere'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'nowhere'
  if (homes.includes(url.origin)) return 'home'
  return homes.some((home) => isOfHost(url.hostname, home)) ? 'near' : 'away'
}
