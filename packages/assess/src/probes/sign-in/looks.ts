import type { Seen } from '../seen/seen.js'
import { normaliseAnswer } from './normalise.js'

/** Headers that differ between any two answers, or that tell of the visitor and not of the name. */
const INCIDENTAL: ReadonlySet<string> = new Set([
  'date', 'age', 'etag', 'content-length', 'connection', 'keep-alive', 'transfer-encoding', 'set-cookie', 'location', 'server-timing',
  'x-response-time', 'x-runtime', 'last-modified', 'expires', 'vary',
]) // prettier-ignore

const cookieName = (line: string): string => (line.split('=', 1)[0] ?? '').trim().slice(0, 100)

/** Status, where it leads, which headers and cookies there are, a line each: what tells one answer from another without its body. */
export const lookOfHead = (seen: Seen, typed: readonly string[]): string => {
  const names = Object.keys(seen.headers)
    .filter((name) => !INCIDENTAL.has(name) && !name.startsWith('ratelimit') && !name.startsWith('x-ratelimit'))
    .toSorted()
  const location = seen.headers['location']
  return [
    `status ${seen.status}`,
    ...(location === undefined ? [] : [`Location ${normaliseAnswer(location, typed)}`]),
    ...[...new Set(seen.cookies.map(cookieName))].toSorted().map((name) => `cookie ${name}`),
    ...names.map((name) => `header ${name}`),
  ].join('\n')
}

/** What one look has and another one has not, in a few words. */
export const onlyIn = (look: string, other: string): string => {
  const others = new Set(other.split('\n'))
  const own = look.split('\n').filter((line) => !others.has(line))
  return own.length === 0 ? 'nothing more' : own.slice(0, 4).join(', ').slice(0, 200)
}

/** The text of an answer without what changes by itself. */
export const lookOfBody = (seen: Seen, typed: readonly string[]): string => normaliseAnswer(seen.text, typed)
