/** Values of ours on objects of others, such as what is known of a request. */
export type Attached<T> = {
  /** `undefined` also for what is no object */
  readonly get: (holder: unknown) => T | undefined
  readonly set: (holder: object, value: T) => void
}

/**
 * Builds a way to attach values that neither a log, a copy nor another program sees, and that end with their object. By private members,
 * which a constructor puts on whatever its base returns: with a `WeakMap` each request outlived the young generation, and collecting them
 * cost more than all that the guard does.
 */
export const createAttached = <T>(): Attached<T> => {
  // whether what takes no properties takes private members is about to change in the language
  const sealed = new WeakMap<object, T>()
  const Given = function (holder: object): object {
    return holder
  } as unknown as new (holder: object) => object
  class Holder extends Given {
    #value: T
    constructor(holder: object, value: T) {
      super(holder)
      this.#value = value
    }
    static get(holder: unknown): T | undefined {
      if (typeof holder !== 'object' || holder === null) return undefined
      return #value in holder ? holder.#value : sealed.get(holder)
    }
    static set(holder: object, value: T): void {
      if (#value in holder) holder.#value = value
      else if (Object.isExtensible(holder)) void new Holder(holder, value)
      else sealed.set(holder, value)
    }
  }
  return { get: (holder) => Holder.get(holder), set: (holder, value) => Holder.set(holder, value) }
}
