import { hash } from 'node:crypto'
import { addressKey, canonicalAddress, createMemo, type FieldValue, isWellFormed, type Memo } from '@parapet/core'
import type { EventView, FieldTable } from './event-view.js'
import { hashText } from './shards.js'

/** The group of an event: one key, its hash, and the value of each field. */
export type Group = { readonly key: string; readonly hash: number; readonly values: readonly string[] }

/** Makes a group of values. */
export const createGroup = (values: readonly string[]): Group => {
  const key = values.length === 1 ? (values[0] as string) : values.join(SEPARATOR)
  return { key, hash: hashText(key), values }
}

/** Reads the group of the event in view; `undefined` when a field of it is missing. */
export type Keyer = (view: EventView) => Group | undefined

const LONGEST = 160
const SEPARATOR = String.fromCharCode(31)
// what a database takes neither as text nor as JSON, and our own separator
const UNSAFE = new RegExp(`[${String.fromCharCode(0)}${SEPARATOR}\\p{Surrogate}]`, 'gu')

/** True when {@link UNSAFE} finds nothing, which costs several times as much to ask: this runs for every key. */
const isSafe = (value: string): boolean => isWellFormed(value) && !value.includes('\0') && !value.includes(SEPARATOR)

/** A field's value as part of a key: bounded, and safe to store. Two long values stay two, by their hash. */
export const keyText = (value: string): string => {
  const text = isSafe(value) ? value : value.replace(UNSAFE, '\uFFFD')
  return text.length <= LONGEST ? text : `${text.slice(0, 96)}…${hash('sha256', text).slice(0, 32)}`
}

const isAddressField = (field: string): boolean => field === 'source.ip' || field.endsWith('.ip')

/** Turns field values into key parts: addresses to their key (IPv6 by /64), the rest to bounded text. One memo for a whole engine. */
export type KeyParts = {
  part: (field: string, value: FieldValue | undefined) => string | undefined
  /** the canonical text of an address; `undefined` for anything else */
  address: (text: string) => string | undefined
}

/** Makes the key parts of one engine. */
export const createKeyParts = (): KeyParts => {
  const keys = createMemo<string>(4_096, 64)
  const addresses = createMemo<string>(4_096, 64)
  const remembered = (memo: typeof keys, text: string, make: (text: string) => string | undefined): string => {
    const known = memo.get(text)
    if (known !== undefined) return known
    const fresh = make(text) ?? ''
    memo.set(text, fresh)
    return fresh
  }
  return {
    part: (field, value) => {
      if (value === undefined || value === null || value === '') return undefined
      const text = typeof value === 'string' ? value : typeof value === 'object' ? value.join(',') : String(value)
      if (isAddressField(field)) return remembered(keys, text, (raw) => addressKey(raw)) || keyText(text)
      return keyText(text)
    },
    address: (text) => remembered(addresses, text, canonicalAddress) || undefined,
  }
}

/** Reads the source address of the event in view as canonical text, '' for none: once an event, however many rules ask. */
export const createAddressReader = (table: FieldTable, parts: KeyParts): ((view: EventView) => string) => {
  const source = table.slot('source.ip')
  const seen = { stamp: -1, address: '' }
  return (view) => {
    if (seen.stamp !== view.stamp()) {
      const value = view.raw(source)
      seen.address = typeof value === 'string' ? (parts.address(value) ?? '') : ''
      seen.stamp = view.stamp()
    }
    return seen.address
  }
}

/** Makes a keyer for fields; keyers for the same fields share one, and the last group is kept while the event stays the same. */
export const createKeyers = (table: FieldTable, parts: KeyParts): ((fields: readonly string[]) => Keyer) => {
  const made = new Map<string, Keyer>()
  return (fields) => {
    const name = fields.join(SEPARATOR)
    const known = made.get(name)
    if (known !== undefined) return known
    const slots = fields.map((field) => table.slot(field))
    const seen = { stamp: -1, group: undefined as Group | undefined }
    const read = (view: EventView): Group | undefined => {
      // before anything is looked up: rules for one kind of source meet the events of others
      for (let i = 0; i < slots.length; i++) if ((view.raw(slots[i] as number) ?? null) === null) return undefined
      const values: string[] = []
      for (let i = 0; i < slots.length; i++) {
        const value = parts.part(fields[i] as string, view.raw(slots[i] as number))
        if (value === undefined) return undefined
        values.push(value)
      }
      return createGroup(values)
    }
    const recall = fields.length === 0 || fields.length > 2 ? read : createRecall(slots, read)
    const keyer: Keyer = (view) => {
      if (seen.stamp !== view.stamp()) {
        seen.group = recall(view)
        seen.stamp = view.stamp()
      }
      return seen.group
    }
    made.set(name, keyer)
    return keyer
  }
}

const SECONDS = 16

/**
 * Remembers groups by the raw text of one or two fields, of which the second has few values (a dataset). The same source
 * then gives the same key string each time, whose hash the tables need not compute again.
 */
const createRecall = (slots: readonly number[], read: (view: EventView) => Group | undefined): Keyer => {
  const bySecond = new Map<string, Memo<Group>>()
  const [first = 0, second] = slots
  return (view) => {
    const a = view.raw(first)
    const b = second === undefined ? '' : view.raw(second)
    if (typeof a !== 'string' || typeof b !== 'string') return read(view)
    let memo = bySecond.get(b)
    if (memo === undefined) {
      if (bySecond.size >= SECONDS || b.length > 64) return read(view)
      memo = createMemo(8_192, 64)
      bySecond.set(b, memo)
    }
    const known = memo.get(a)
    if (known !== undefined) return known
    const fresh = read(view)
    if (fresh !== undefined) memo.set(a, fresh)
    return fresh
  }
}
