import { createHash } from 'node:crypto'
import type { Keyring } from '@parapet/core'
import { normalPath } from '../enforcement/routes.js'
import { splitUrl } from '../request/guard-request.js'

/** A part of a limiter's key: an address prefix, a subject, a route. */
export type KeyPart = string | number

/** Keys longer than this are held as their SHA-256, so that nobody fills memory with long names. */
const LONGEST = 256

/**
 * One text for several parts. Each part carries its length, so that no two different lists give the same key:
 * `['ab', 'c']` and `['a', 'bc']` stay apart whatever the parts hold.
 */
export const joinKey = (parts: readonly KeyPart[]): string => {
  const [first] = parts
  // one plain part, by far the most frequent, is its own key; the marks below keep it apart from all others
  if (parts.length === 1 && typeof first === 'string' && first.length <= LONGEST && first.charCodeAt(0) > 1) return first
  let key = '\u0000'
  for (const part of parts) {
    const text = String(part)
    key += `${typeof part === 'number' ? 'n' : 's'}${text.length}:${text}`
  }
  return key.length <= LONGEST ? key : `\u0001${createHash('sha256').update(key).digest('base64url')}`
}

/**
 * The part of a key that stands for a route: the method, where one is given, and one spelling for all spellings of a path (case, slashes,
 * escapes, dot segments). Without it a client has a fresh allowance for each way to write a URL. The query is no part of it.
 */
export const routePart = (url: string, method?: string): string => {
  const path = normalPath(splitUrl(url).path)
  // frameworks answer HEAD by the handler of GET
  return method === undefined ? path : `${method === 'HEAD' ? 'GET' : method} ${path}`
}

/** Keys whose MAC is remembered, for each policy and twice this many at most: clients come again and again. */
const REMEMBERED = 16_384
/** What the key of a MAC is for. */
const PURPOSE = 'limiter key'
/** Characters of base64url kept of a MAC: 144 bits. */
const KEPT = 24

/**
 * Makes the keys of a policy in a store: the policy in clear and a MAC of the parts, so that who reads a shared store learns no
 * addresses and names. Without a keyring (a store of this process alone) the parts themselves.
 */
export const createKeyMaker = (policy: string, keyring: Pick<Keyring, 'sign'> | undefined): ((parts: readonly KeyPart[]) => string) => {
  let young = new Map<string, string>()
  let old = new Map<string, string>()
  const make = (text: string): string => {
    if (keyring === undefined) return `${policy}:${text}`
    const signature = keyring.sign(PURPOSE, `${policy}:${text}`)
    const dot = signature.indexOf('.') + 1
    return `${policy}:${signature.slice(dot, dot + KEPT)}`
  }
  return (parts) => {
    const text = joinKey(parts)
    const held = young.get(text)
    if (held !== undefined) return held
    const key = old.get(text) ?? make(text)
    if (young.size >= REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(text, key)
    return key
  }
}
