/** True for a plain structure of unknown fields, as JSON makes them: an object that is no list and not `null`. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy without the fields that are `undefined`, as JSON would have it; nothing below the first level is touched. */
export const withoutUndefined = <T extends object>(value: T): Partial<T> => {
  const kept: Partial<T> = {}
  for (const name of Object.keys(value) as (keyof T & string)[]) {
    const field = value[name]
    if (field === undefined) continue
    // assigned, this one name would change what the copy inherits from
    if (name === '__proto__') Object.defineProperty(kept, name, { value: field, enumerable: true, configurable: true, writable: true })
    else kept[name] = field
  }
  return kept
}
