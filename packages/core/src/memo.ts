/** Remembers results by text, bounded. */
export type Memo<T> = { readonly get: (key: string) => T | undefined; readonly set: (key: string, value: T) => void }

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
