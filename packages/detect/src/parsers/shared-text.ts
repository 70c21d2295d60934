const PLACES = 4_096
const LONGEST = 512

/** Gives `line.slice(from, to)`, as one string for as long as the same text keeps coming. */
export type SharedText = (line: string, from: number, to: number) => string

/**
 * A fixed cache of texts that repeat, such as user agents. What is looked up by such a string later finds its hash computed, and
 * windows that keep it keep no line with it. Two texts that share a place push each other out: that costs time, never a wrong text.
 */
export const createSharedText = (): SharedText => {
  const texts = Array.from({ length: PLACES }, () => '')
  return (line, from, to) => {
    const text = line.slice(from, to)
    const length = to - from
    if (length > LONGEST || length < 13) return text
    // every second character: versions of one browser differ in a digit or two, and texts that share a place cost a copy each time
    let mix = length
    for (let at = to - 1; at >= from; at -= 2) mix = (Math.imul(mix, 31) + line.charCodeAt(at)) | 0
    const place = (mix ^ (mix >>> 12)) & (PLACES - 1)
    const known = texts[place] as string
    if (known === text) return known
    const kept = detached(text)
    if (kept === undefined) return text
    texts[place] = kept
    return kept
  }
}

/** The same text without the line it was cut from, which would stay in memory as long as the cut; `undefined` for text beyond Latin-1. */
export const detached = (text: string): string | undefined => {
  const copy = Buffer.from(text, 'latin1').toString('latin1')
  return copy === text ? copy : undefined
}
