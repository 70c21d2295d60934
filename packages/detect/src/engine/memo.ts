/** Remembers results by text, bounded. */
export type Memo<T> = { get: (key: string) => T | undefined; set: (key: string, value: T) => void }

/**
 * A cache of at most `2 * size` entries in two generations: what was used lately survives, and neither reading nor
 * writing ever walks the whole. Keys over `longest` characters are not kept, so that a flood of long ones cannot fill the memory.
 */
export const createMemo = <T>(size: number, longest = 512): Memo<T> => {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (key: string, value: T): void => {
    if (key.length > longest) return
    if (young.size >= size) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get: (key) => {
      const value = young.get(key)
      if (value !== undefined) return value
      const before = old.get(key)
      if (before !== undefined) set(key, before)
      return before
    },
    set,
  }
}

/** Remembers results by long text that repeats. */
export type TextMemo<T> = { get: (text: string) => T | undefined; set: (text: string, value: T) => void }

/**
 * A cache with one place per fingerprint: it never keeps more than 2,048 texts, and none over `longest`. Two texts that share a place push each other out; that costs time, never a wrong answer.
 */
export const createTextMemo = <T>(longest = 512): TextMemo<T> => {
  const texts: (string | undefined)[] = Array.from({ length: PLACES }, () => undefined)
  const values: (T | undefined)[] = Array.from({ length: PLACES }, () => undefined)
  return {
    get: (text) => {
      if (text.length > longest) return undefined
      const place = placeOf(text)
      return texts[place] === text ? values[place] : undefined
    },
    set: (text, value) => {
      if (text.length > longest) return
      const place = placeOf(text)
      texts[place] = text
      values[place] = value
    },
  }
}

const PLACES = 2_048

/** Mixes every character: user agents differ in one digit somewhere. */
const placeOf = (text: string): number => {
  let mix = 0
  for (let i = 0; i < text.length; i++) mix = (Math.imul(mix, 31) + text.charCodeAt(i)) | 0
  return (mix ^ (mix >>> 11)) & (PLACES - 1)
}
