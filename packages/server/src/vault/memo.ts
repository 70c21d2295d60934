/** Remembers values by text, a bounded number: of two generations the older one goes when the younger one is full. */
export type Memo<T> = { readonly get: (key: string) => T | undefined; readonly set: (key: string, value: T) => void }

/** Creates a memo of at most twice `most` entries. */
export const createMemo = <T>(most: number): Memo<T> => {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (key: string, value: T): void => {
    if (young.size >= most) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get: (key) => {
      const known = young.get(key)
      if (known !== undefined) return known
      const before = old.get(key)
      if (before !== undefined) set(key, before)
      return before
    },
    set,
  }
}
