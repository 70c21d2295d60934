/** Texts whose reading is remembered, twice this many at most: clients come again and again. */
const REMEMBERED = 16_384
/** A text may be cut out of a longer one and keep that in memory; longer ones are read anew. */
const LONGEST = 256
const SLOTS = 65_536

/** FNV-1a over the characters. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/**
 * Remembers what was read from texts that came twice; a flood of texts that come once is read and forgotten, so that it neither pushes
 * out who is here nor fills the memory with what lives too long to be cheap.
 */
export const createRecent = <T>(read: (text: string) => T): ((text: string) => T) => {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  // made when something is read: a quarter of a megabyte that many applications never need
  let seen: Int32Array | undefined

  const keep = (text: string, value: T): T => {
    if (young.size >= REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(text, value)
    return value
  }

  return (text) => {
    const held = young.get(text)
    if (held !== undefined) return held
    const before = old.get(text)
    if (before !== undefined) return keep(text, before)
    const value = read(text)
    if (text.length > LONGEST) return value
    seen ??= new Int32Array(SLOTS)
    const hash = hashOf(text)
    // two places: texts that come in turns and share one of them would else push each other out for ever
    const [a, b] = [hash & (SLOTS - 1), hash >>> 16]
    if (seen[a] === hash || seen[b] === hash) return keep(text, value)
    seen[a] = hash
    seen[b] = hash
    return value
  }
}
