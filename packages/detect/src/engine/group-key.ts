import { createHash } from 'node:crypto'
import { addressKey, canonicalAddress, type FieldValue } from '@parapet/core'
import type { EventView, FieldTable } from './event-view.js'
import { createMemo } from './memo.js'

/** The group of an event: one key, and the value of each field. */
export type Group = { readonly key: string; readonly values: readonly string[] }

/** Reads the group of the event in view; `undefined` when a field of it is missing. */
export type Keyer = (view: EventView) => Group | undefined

const LONGEST = 160
// what a database takes neither as text nor as JSON, and our own separator
const UNSAFE = /[\0\u001f\p{Surrogate}]/u

/** A field's value as part of a key: bounded, and safe to store. Two long values stay two, by their hash. */
export const keyText = (value: string): string => {
  const text = UNSAFE.test(value) ? value.replaceAll(/[\0\u001f\p{Surrogate}]/gu, '\uFFFD') : value
  return text.length <= LONGEST ? text : `${text.slice(0, 96)}…${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
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
  const keys = createMemo<string>(32_768, 64)
  const addresses = createMemo<string>(32_768, 64)
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

/** Makes a keyer for fields; keyers for the same fields share one, and the last group is kept while the event stays the same. */
export const createKeyers = (table: FieldTable, parts: KeyParts): ((fields: readonly string[]) => Keyer) => {
  const made = new Map<string, Keyer>()
  return (fields) => {
    const name = fields.join('\u001f')
    const known = made.get(name)
    if (known !== undefined) return known
    const slots = fields.map((field) => table.slot(field))
    const seen = { stamp: -1, group: undefined as Group | undefined }
    const read = (view: EventView): Group | undefined => {
      const values: string[] = []
      for (let i = 0; i < slots.length; i++) {
        const value = parts.part(fields[i] as string, view.raw(slots[i] as number))
        if (value === undefined) return undefined
        values.push(value)
      }
      return { key: values.length === 1 ? (values[0] as string) : values.join('\u001f'), values }
    }
    const keyer: Keyer = (view) => {
      if (seen.stamp !== view.stamp()) {
        seen.group = read(view)
        seen.stamp = view.stamp()
      }
      return seen.group
    }
    made.set(name, keyer)
    return keyer
  }
}
