import { isRecord } from '@parapet/core'
import { readPage, readTags } from '../seen/page.js'

const LONGEST = 60_000

/** `@fastify/static` in JSON, nginx's `autoindex_format json`, and serve-index for who accepts JSON. */
const jsonListing = (text: string): string | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (isRecord(value) && Array.isArray(value['dirs']) && Array.isArray(value['files'])) return '@fastify/static (JSON)'
  if (!Array.isArray(value) || value.length === 0) return undefined
  if (
    value.every(
      (one) =>
        isRecord(one) && (one['type'] === 'file' || one['type'] === 'directory') && typeof one['mtime'] === 'string' && 'name' in one,
    )
  )
    return 'nginx (JSON)'
  return undefined
}

const TITLES: readonly (readonly [RegExp, string])[] = [
  [/^directory listing for \//i, 'Python http.server or Tomcat'],
  [/^listing directory /i, 'serve-index'],
  [/^directory:? \//i, 'Jetty'],
  [/ - \/[^<]*$/, 'IIS'],
]

/** Links of which nearly all lead to something in this folder, or out of it: the shape of every listing. */
const linksWithin = (links: readonly string[], folder: string): readonly string[] => {
  const inside: string[] = []
  let others = 0
  for (const link of links.slice(0, 2_000)) {
    if (link.startsWith('?') || link.startsWith('#')) continue
    if (!URL.canParse(link, `http://target${folder}`)) continue
    const url = new URL(link, `http://target${folder}`)
    if (url.host === 'target' && folder.startsWith(url.pathname)) continue
    if (url.host === 'target' && url.pathname.startsWith(folder)) inside.push(decoded(url.pathname.slice(folder.length)))
    else others++
  }
  return inside.length > 0 && others * 5 <= inside.length ? inside : []
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Which program's listing of `folder` this is, or undefined. Recognised by what each writes itself; other generators by links that lead to
 * files known to lie there (`known`, names without the folder) and hardly anywhere else. Sources: the outputs of nginx, Apache 2.4,
 * serve-index, @fastify/static, Python's http.server, lighttpd, Caddy, IIS, Jetty and Tomcat.
 */
export const listingOf = (text: string, folder: string, known: readonly string[] = []): string | undefined => {
  const begin = text.slice(0, LONGEST)
  const json = jsonListing(begin)
  if (json !== undefined) return json
  if (!/<(?:a|ul|pre|table)\b/i.test(begin)) return undefined
  const { title, links } = readPage(begin)
  const { tags } = readTags(begin)
  if (
    tags.some(({ name, attributes }) => name === 'ul' && attributes['id'] === 'files') &&
    tags.some(({ attributes }) => attributes['id'] === 'wrapper')
  )
    return 'serve-index'
  if (/^index of \//i.test(title)) {
    if (/Parent Directory<\/a>|<address>Apache/i.test(begin)) return 'Apache'
    if (/<h1>Index of \/[^<]*<\/h1>\s*<hr>\s*<pre>/i.test(begin)) return 'nginx'
    // an article may have this title as well
    return linksWithin(links, folder).length > 0 ? 'an index page' : undefined
  }
  for (const [pattern, server] of TITLES)
    if (pattern.test(title) && (links.length === 0 ? title.includes(folder.slice(0, -1)) : linksWithin(links, folder).length > 0))
      return server
  if (/\[To Parent Directory\]<\/a>/i.test(begin)) return 'IIS'
  const inside = linksWithin(links, folder)
  return known.some((name) => inside.includes(name)) ? 'a page that lists files' : undefined
}
