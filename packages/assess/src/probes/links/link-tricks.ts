/** One change to a signed link. `grave`: what is changed decides who gets what, or for how long. */
export type LinkTrick = {
  /** in words: `the parameter expires, changed` */
  readonly trick: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  /** how much it matters that the link opens all the same */
  readonly weight: 'grave' | 'plain' | 'slight'
  /** leads to another thing when it opens; otherwise to the same */
  readonly other?: boolean
}

type Part = { readonly name: string; readonly value: string }

/** Splits a link without decoding anything, so that only what is meant to change does. */
const split = (link: string): { readonly path: string; readonly parts: readonly Part[] } => {
  const at = link.indexOf('?')
  const query = at < 0 ? '' : link.slice(at + 1)
  const parts = query === '' ? [] : query.split('&').slice(0, 20)
  return {
    path: at < 0 ? link : link.slice(0, at),
    parts: parts.map((part) => {
      const equals = part.indexOf('=')
      return equals < 0 ? { name: part, value: '' } : { name: part.slice(0, equals), value: part.slice(equals + 1) }
    }),
  }
}

const join = (path: string, parts: readonly Part[]): string =>
  parts.length === 0 ? path : `${path}?${parts.map(({ name, value }) => `${name}=${value}`).join('&')}`

const NEXT: Readonly<Record<string, string>> = { '9': '8', z: 'y', Z: 'Y', f: 'e', F: 'E' }

/** Another letter or digit for one in the middle: the last one of a base64 text may hold bits that nobody reads. */
export const flip = (text: string): string => {
  const places: number[] = []
  for (let at = 0; at < text.length; at++)
    if (/[\da-z]/i.test(text[at] ?? '') && text[at - 1] !== '%' && text[at - 2] !== '%') places.push(at)
  const at = places[Math.floor(places.length / 2)]
  if (at === undefined) return `${text}x`
  const char = text[at] ?? '0'
  return text.slice(0, at) + (NEXT[char] ?? String.fromCharCode(char.charCodeAt(0) + 1)) + text.slice(at + 1)
}

/** A time that is later: digits that read as seconds or milliseconds of these decades. */
const later = (value: string): string | undefined =>
  /^[12]\d{9}(?:\d{3})?$/.test(value) ? String(Number(value) + (value.length > 10 ? 86_400_000 : 86_400)) : undefined

/** The parameter that holds the signature, as far as can be told: by its name, else the longest. */
const signatureOf = (parts: readonly Part[]): Part | undefined =>
  parts.find(({ name }) => /sig|hmac|mac$|token|hash/i.test(name)) ?? parts.toSorted((a, b) => b.value.length - a.value.length)[0]

const isTime = (part: Part): boolean => /exp|until|valid|time/i.test(part.name) || later(part.value) !== undefined

/**
 * Everything in which a signed link may be changed: each parameter altered, cut, emptied, left out and given twice, one that nobody signed,
 * no signature at all, another path, another method. `other` is a second link of the same kind, whose thing this signature is not for.
 */
export const linkTricks = (link: string, other?: string): readonly LinkTrick[] => {
  const { path, parts } = split(link)
  const signature = signatureOf(parts)
  const at = (i: number, ...instead: readonly Part[]): string => join(path, [...parts.slice(0, i), ...instead, ...parts.slice(i + 1)])
  const tricks: (Omit<LinkTrick, 'method'> & { method?: 'POST' })[] = [{ trick: 'no parameters at all', path, weight: 'grave' }]
  for (const [i, part] of parts.entries()) {
    const { name, value } = part
    const weight = part === signature || isTime(part) ? 'grave' : 'plain'
    tricks.push(
      { trick: `${name} changed`, path: at(i, { name, value: later(value) ?? flip(value) }), weight },
      { trick: `${name} left out`, path: at(i), weight },
      { trick: `${name} emptied`, path: at(i, { name, value: '' }), weight },
      {
        trick: `${name} given twice, the changed one last`,
        path: at(i, part, { name, value: later(value) ?? flip(value) }),
        weight: 'slight',
      },
      {
        trick: `${name} given twice, the changed one first`,
        path: at(i, { name, value: later(value) ?? flip(value) }, part),
        weight: 'slight',
      },
    )
    if (part === signature && value.length > 8)
      tricks.push({
        trick: `${name} cut to its half`,
        path: at(i, { name, value: value.slice(0, Math.floor(value.length / 2)) }),
        weight: 'grave',
      })
  }
  tricks.push({ trick: 'a parameter that nobody signed', path: join(path, [...parts, { name: 'parapet', value: '1' }]), weight: 'slight' })
  const foreign = other === undefined ? undefined : split(other).path
  if (foreign !== undefined && foreign !== path)
    tricks.push({ trick: 'the path of another link', path: join(foreign, parts), weight: 'grave', other: true })
  const slash = path.lastIndexOf('/')
  const last = path.slice(slash + 1)
  if (last !== '')
    tricks.push({ trick: 'another path', path: join(path.slice(0, slash + 1) + flip(last), parts), weight: 'grave', other: true })
  tricks.push({ trick: 'POST instead of GET', path: link, weight: 'slight', method: 'POST' })
  const seen = new Set<string>([`GET ${link}`])
  return tricks.flatMap(({ method = 'GET' as const, ...trick }): LinkTrick[] => {
    const key = `${method} ${trick.path}`
    if (seen.has(key)) return []
    seen.add(key)
    return [{ ...trick, method }]
  })
}

/** When a link ends, ms UTC, as far as one of its parameters tells; undefined when none does. */
export const expiryOf = (link: string): number | undefined => {
  for (const { value } of split(link).parts)
    if (later(value) !== undefined) return value.length > 10 ? Number(value) : Number(value) * 1_000
  return undefined
}
