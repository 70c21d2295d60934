import { ParapetError } from '@parapet/core'

/** Shows a value in a message: as JSON, at most 60 characters, never failing. */
const show = (value: unknown): string => {
  let text: string
  try {
    text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
  } catch {
    text = typeof value
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** The error for a bad option: names it, the value and what to write instead. Code `PPT_CONFIG_INVALID`. */
export const optionError = (name: string, value: unknown, fix: string): ParapetError =>
  new ParapetError('PPT_CONFIG_INVALID', `${name} is ${show(value)}; ${fix}`)

/** The error for a bad secret: names the option, never the value. Code `PPT_CONFIG_INVALID`. */
export const secretOptionError = (name: string, value: unknown, fix: string): ParapetError =>
  new ParapetError(
    'PPT_CONFIG_INVALID',
    `${name} is ${typeof value === 'string' ? `a text of ${value.length} characters` : `of type ${typeof value}`}; ${fix}`,
  )

/** An integer option within bounds, or its default when left out. */
export const integerOption = (name: string, value: unknown, fallback: number, min: number, max: number): number => {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw optionError(name, value, `give a whole number from ${min} to ${max}`)
  }
  return value
}

/** A true-or-false option, or its default when left out. */
export const booleanOption = (name: string, value: unknown, fallback: boolean): boolean => {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw optionError(name, value, 'give true or false')
  return value
}

/** One of the words listed, or the default when left out. */
export const choiceOption = <T extends string>(name: string, value: unknown, fallback: T, choices: readonly T[]): T => {
  if (value === undefined) return fallback
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw optionError(name, value, `give ${choices.map((choice) => `'${choice}'`).join(' or ')}`)
  return found
}

/** A list of texts; anything else is refused by name. */
export const textListOption = (name: string, value: unknown, fix: string): readonly string[] => {
  if (!Array.isArray(value)) throw optionError(name, value, fix)
  for (const item of value as readonly unknown[]) if (typeof item !== 'string' || item === '') throw optionError(name, item, fix)
  return value as readonly string[]
}

/** Refuses names that an options object does not have: a misspelt setting is a setting that does nothing. */
export const knownOptions = (where: string, options: object, known: readonly string[]): void => {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new ParapetError('PPT_CONFIG_INVALID', `${where} has no option ${show(key)}; it takes ${known.join(', ')}`)
  }
}
