import { canonicalAddress, type FieldValue, type SecurityEvent } from '@parapet/core'
import { rememberClean } from './clean-memo.js'
import { createFieldKinds, isUnknownSubject } from './event-fields.js'
import type { Vault } from './vault.js'

/** An event in two parts: what may stand in a table as it is, and what has to be sealed. */
export type Concealed = {
  readonly open: SecurityEvent
  /** fields that name people; `undefined` when there are none */
  readonly personal: Readonly<Record<string, FieldValue>> | undefined
  /** the values that somebody may look for, before they are indexed */
  readonly userId: string | undefined
  readonly userName: string | undefined
  readonly userEmail: string | undefined
}

/** Nearly every event's own id: nothing to find in it, and never seen before. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Personal = Record<string, FieldValue>

/** Names of one event that are taken out of its lines: an event names few people, and each name costs a walk. */
const MOST_NAMES = 16

/** Shortest name that is taken out of a raw line: a shorter one stands in every second word. */
const SHORTEST = 2

const isWordAt = (text: string, at: number): boolean => at >= 0 && at < text.length && /[\p{L}\p{N}_]/u.test(text[at] ?? '')

/** `text` with `mark` for every occurrence of `name` as a word of its own. Linear for each name. */
const without = (text: string, name: string, mark: string): string => {
  if (name.length < SHORTEST) return text
  let out = ''
  let from = 0
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    if (isWordAt(text, at - 1) || isWordAt(text, at + name.length)) continue
    out += text.slice(from, at) + mark
    from = at + name.length
  }
  return from === 0 ? text : out + text.slice(from)
}

const textOf = (value: FieldValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

/**
 * Makes the function that takes an event apart before it is stored. Nothing of what people are called is left in `open`: names and
 * mail addresses move to `personal`, text is masked, and the name of an unknown subject becomes a pseudonym that is not reversible.
 */
export const createConceal = (vault: Pick<Vault, 'masker' | 'pseudonym'>): ((event: SecurityEvent) => Concealed) => {
  const { masker } = vault
  const clean = rememberClean(masker)
  const kindOf = createFieldKinds()

  const scalar = <T extends string | number | boolean | null>(value: T): T | string => {
    if (typeof value === 'string') return clean(value)
    if (typeof value !== 'number' || Math.abs(value) < 1_000_000) return value
    const text = String(value)
    const masked = clean(text)
    return masked === text ? value : masked
  }
  const masked = (value: FieldValue): FieldValue => (isList(value) ? value.map(scalar) : scalar(value))

  const url = (value: FieldValue): FieldValue => {
    const first = masked(value)
    if (typeof first !== 'string' || !first.includes('+')) return first
    const spaced = first.replaceAll('+', ' ')
    const second = clean(spaced)
    return second === spaced ? first : second.replaceAll(' ', '+')
  }

  /** A field that a sender made up: the masker sees its name too, since `pin: 4711` is told by nothing else. */
  const freeValue = (name: string, value: FieldValue): FieldValue | undefined => {
    const seen = masker.value({ [name]: value })
    const result = typeof seen === 'object' && seen !== null ? (seen as Readonly<Record<string, unknown>>)[name] : undefined
    return isFieldValue(result) ? masked(result) : undefined
  }

  return (event) => {
    const open: SecurityEvent = { '@timestamp': event['@timestamp'] }
    let personal: Personal | undefined
    const names: string[] = []
    const unknown = isUnknownSubject(event['event.reason'])
    let userName: string | undefined
    let userId: string | undefined
    const lines: string[] = []

    const seal = (name: string, value: FieldValue): void => {
      personal ??= {}
      personal[name] = value
      for (const each of isList(value) ? value : [value]) if (typeof each === 'string' && names.length < MOST_NAMES) names.push(each)
    }
    for (const name of Object.keys(event)) {
      const value = event[name]
      if (value === undefined) continue
      const kind = kindOf(name)
      if (kind === 'number') open[name] = typeof value === 'number' ? value : masked(value)
      else if (kind === 'text') open[name] = masked(value)
      else if (kind === 'url') open[name] = url(value)
      else if (kind === 'event-id') open[name] = typeof value === 'string' && UUID.test(value) ? value : masked(value)
      else if (kind === 'address') open[name] = typeof value === 'string' && canonicalAddress(value) !== undefined ? value : masked(value)
      else if (kind === 'line') {
        open[name] = value
        lines.push(name)
      } else if (kind === 'id') {
        userId = textOf(value)
        if (isOpaque(value, clean)) open[name] = value
        else seal(name, value)
      } else if (kind === 'person') {
        if (name === 'user.name' && unknown && typeof value === 'string' && value !== '') {
          userName = vault.pseudonym(value)
          open[name] = userName
          names.push(value)
        } else if (value === null || value === '') open[name] = value
        else seal(name, value)
      } else {
        open[name] = value
        lines.push(name)
      }
    }
    for (const name of lines) {
      const value = open[name]
      if (value === undefined) continue
      const stripped = strip(value, names)
      if (kindOf(name) === 'line') open[name] = masked(stripped)
      else {
        // a name of a field is made up by its sender as well
        const key = clean(name)
        const free = freeValue(name, stripped)
        if (key !== name || free === undefined) delete open[name]
        if (free !== undefined) open[key] = free
      }
    }
    return {
      open,
      personal,
      userId,
      userName: userName ?? textOf(personal?.['user.name']),
      userEmail: textOf(personal?.['user.email']),
    }
  }
}

const isList = (value: FieldValue): value is readonly (string | number | boolean)[] => Array.isArray(value)

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const isFieldValue = (value: unknown): value is FieldValue =>
  value === null || isScalar(value) || (Array.isArray(value) && value.every(isScalar))

const strip = (value: FieldValue, names: readonly string[]): FieldValue => {
  if (names.length === 0) return value
  const text = <T>(each: T): T | string =>
    typeof each === 'string' ? names.reduce((rest, name) => without(rest, name, '[name]'), each as string) : each
  return isList(value) ? value.map(text) : text(value)
}

/** An id that tells nothing about whom it stands for, as far as that can be seen. */
const isOpaque = (value: FieldValue, clean: (text: string) => string): boolean => {
  const text = textOf(value)
  return text !== undefined && !isList(value) && !text.includes('@') && clean(text) === text
}
