import { parseDuration } from '@parapet/core'
import { isScalar, isSeq, type Node, type YAMLMap } from 'yaml'

/** Collects a reason with the place it is about; a place of `undefined` means the file's start. */
export type Report = (node: Node | null | undefined, reason: string) => void
/** A field of a mapping: its name as people read it, and what stands there. */
export type Place = { readonly name: string; readonly node: Node | null | undefined }

const MAX_ITEMS = 256

/** A value in a message: quoted and bounded. */
export const quote = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? String(value)

/** Values in a message. */
export const listed = (values: readonly string[]): string => values.join(', ')

/** The children of a mapping by name; what is not asked for by name is reported, a typo must not loosen a policy in silence. */
export const fieldsOf = (map: YAMLMap, where: string, known: readonly string[], report: Report): ((name: string) => Place) => {
  const found = new Map<string, Node | null>()
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '?'
    if (!known.includes(name)) report(isScalar(key) ? key : map, `${where}${name} is not known; known are ${listed(known)}`)
    else found.set(name, value as Node | null)
  }
  return (name) => ({ name: where + name, node: found.get(name) })
}

/** Text of 1 to `max` characters, trimmed. */
export const readText = ({ name, node }: Place, max: number, report: Report, parent: Node): string => {
  const value = isScalar(node) ? node.value : undefined
  if (typeof value === 'string' && value.trim() !== '' && value.length <= max) return value.trim()
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} takes text of 1 to ${max} characters`)
  return ''
}

/** One of several words. */
export const readChoice = <T extends string>({ name, node }: Place, choices: readonly T[], report: Report, parent: Node): T => {
  const value = isScalar(node) ? node.value : undefined
  const chosen = choices.find((choice) => choice === value)
  if (chosen !== undefined) return chosen
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} is ${quote(value)}; it takes ${listed(choices)}`)
  return choices[0] as T
}

/** A duration such as `15m` within bounds, as ms. */
export const readDuration = (
  { name, node }: Place,
  { least, most, words }: { readonly least: number; readonly most: number; readonly words: string },
  report: Report,
  parent: Node,
): number => {
  const value = isScalar(node) ? node.value : undefined
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  if (ms !== undefined && ms >= least && ms <= most) return ms
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} is ${quote(value)}; it takes ${words}`)
  return least
}

/** A whole number within bounds. */
export const readWhole = ({ name, node }: Place, least: number, most: number, report: Report, parent: Node): number => {
  const value = isScalar(node) ? node.value : undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} takes a whole number from ${least} to ${most}`)
  return least
}

/** A list of texts; undefined when it is not there. */
export const readList = (place: Place, report: Report): string[] | undefined => {
  if (place.node === undefined) return undefined
  if (!isSeq(place.node) || place.node.items.length === 0 || place.node.items.length > MAX_ITEMS) {
    report(place.node, `${place.name} takes a list of 1 to ${MAX_ITEMS} texts`)
    return undefined
  }
  const texts: string[] = []
  for (const item of place.node.items) {
    if (isScalar(item) && typeof item.value === 'string' && item.value !== '' && item.value.length <= 200) texts.push(item.value)
    else report(item as Node, `${place.name} takes texts of 1 to 200 characters`)
  }
  return texts
}

/** A list of some of the known words, in their order; undefined when it is not there. */
export const readChoices = <T extends string>(place: Place, choices: readonly T[], report: Report): T[] | undefined => {
  const texts = readList(place, report)
  if (texts === undefined) return undefined
  for (const text of texts) {
    if (!choices.some((choice) => choice === text)) report(place.node, `${place.name} names ${quote(text)}; it takes ${listed(choices)}`)
  }
  return choices.filter((choice) => texts.includes(choice))
}
