/** An entry that ends at a time, ms. */
export type Expiring = { readonly expiresAt: number }

/** A binary heap, soonest to expire first. */
export type ExpiryHeap<T extends Expiring> = {
  push: (entry: T) => void
  peek: () => T | undefined
  pop: () => T | undefined
  /** throws out what is no longer wanted, in linear time */
  keep: (wanted: (entry: T) => boolean) => void
  readonly size: number
}

/** Creates an empty heap. */
export const createExpiryHeap = <T extends Expiring>(): ExpiryHeap<T> => {
  let items: T[] = []
  const at = (index: number): number => items[index]?.expiresAt ?? Infinity
  const swap = (a: number, b: number): void => {
    const [left, right] = [items[a], items[b]]
    if (left === undefined || right === undefined) return
    items[a] = right
    items[b] = left
  }
  const sink = (from: number): void => {
    for (let index = from; ;) {
      let least = index
      for (const child of [2 * index + 1, 2 * index + 2]) if (at(child) < at(least)) least = child
      if (least === index) return
      swap(index, least)
      index = least
    }
  }
  return {
    push: (entry) => {
      let index = items.push(entry) - 1
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (at(parent) <= at(index)) return
        swap(parent, index)
        index = parent
      }
    },
    peek: () => items[0],
    pop: () => {
      const top = items[0]
      const last = items.pop()
      if (items.length > 0 && last !== undefined) {
        items[0] = last
        sink(0)
      }
      return top
    },
    keep: (wanted) => {
      items = items.filter(wanted)
      for (let index = (items.length >> 1) - 1; index >= 0; index--) sink(index)
    },
    get size() {
      return items.length
    },
  }
}
