import { type FieldValue, EVENT_LIMITS } from '@parapet/core'
import { commonLogStamp, isoStamp, NO_TIME, type ReadStamp } from '../stamps.js'
import { clearHttpDraft, createHttpDraft, setPeer } from '../web/http-event.js'
import { spacedStamp, unixTime } from '../web/web-stamps.js'

/** How a log writes its times. `auto` goes by what stands there. */
export const TIME_FORMATS = ['auto', 'iso', 'unix', 'unix_ms', 'unix_us', 'unix_ns', 'common'] as const
/** One of {@link TIME_FORMATS}. */
export type TimeFormat = (typeof TIME_FORMATS)[number]

const stamp: ReadStamp = { time: 0, end: 0 }

const readText = (text: string, offset: number): number => {
  const spaced = text.charCodeAt(10) === 32 && text.charCodeAt(4) === 45
  const iso = spaced ? `${text.slice(0, 10)}T${text.slice(11)}` : text
  if (isoStamp(iso, 0, offset, stamp) && (stamp.end === iso.length || !spaced)) return stamp.time
  return spaced ? spacedStamp(text, 0, offset) : NO_TIME
}

const UNITS = { unix: 's', unix_ms: 'ms', unix_us: 'us', unix_ns: 'ns' } as const

/** A time of a log as integer ms UTC, or `NO_TIME`. `offset`: minutes east of UTC of stamps that name no zone. */
export const readTime = (value: unknown, format: TimeFormat, offset: number): number => {
  if (typeof value === 'number')
    return format === 'iso' || format === 'common' ? NO_TIME : unixTime(value, format === 'auto' ? 'auto' : UNITS[format])
  if (typeof value !== 'string' || value.length > 64) return NO_TIME
  if (format === 'iso') return readText(value, offset)
  if (format === 'common') return commonLogStamp(value, value.charCodeAt(0) === 91 ? 1 : 0)
  if (format === 'auto') {
    const text = readText(value, offset)
    if (text !== NO_TIME) return text
    const common = commonLogStamp(value, value.charCodeAt(0) === 91 ? 1 : 0)
    if (common !== NO_TIME) return common
  }
  const number = value.trim() === '' ? Number.NaN : Number(value)
  return Number.isNaN(number) ? NO_TIME : unixTime(number, format === 'auto' ? 'auto' : UNITS[format])
}

/** Turns a value of a log into one of an event; `undefined` where it is none. */
export type Reader = (value: unknown) => FieldValue | undefined

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value)

/** Text, numbers and truths as text; of a list its first. Nothing and `-` are none. */
export const readString: Reader = (value) => {
  const one = typeof value === 'object' ? first(value) : value
  if (typeof one === 'string') return one === '' || one === '-' ? undefined : one
  return typeof one === 'number' || typeof one === 'boolean' ? String(one) : undefined
}

/** A number, or text that is one. */
export const readNumber: Reader = (value) => {
  const one = typeof value === 'object' ? first(value) : value
  if (typeof one === 'number') return Number.isFinite(one) ? one : undefined
  if (typeof one !== 'string' || one.trim() === '' || one.length > 24) return undefined
  const number = Number(one)
  return Number.isFinite(number) ? number : undefined
}

const peer = createHttpDraft()

/** The canonical text of an address, with or without a port behind it. A name of a host is none. */
export const readAddress: Reader = (value) => {
  const text = readString(value)
  if (typeof text !== 'string') return undefined
  clearHttpDraft(peer)
  setPeer(peer, text, 0, text.length)
  return peer.ip
}

/** Whatever an event may hold: lists of plain values are kept, objects are not. */
export const readAny: Reader = (value) => {
  if (Array.isArray(value)) {
    const items = value.filter((item): item is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof item))
    return items.length === 0 ? undefined : items.slice(0, EVENT_LIMITS.items)
  }
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
    ? value
    : undefined
}

const NUMBERS: ReadonlySet<string> = new Set(
  (
    'source.port destination.port process.pid http.response.status_code http.response.body.bytes http.response.bytes http.request.bytes http.request.body.bytes ' +
    'event.duration event.severity source.geo.location.lat source.geo.location.lon source.as.number'
  ).split(' '),
)
const ADDRESSES: ReadonlySet<string> = new Set(['source.ip', 'destination.ip', 'client.ip', 'host.ip'])

/** What the base fields of every mapped event are; all others keep lists. */
export const readerOf = (field: string, isBase: boolean): Reader =>
  ADDRESSES.has(field) ? readAddress : NUMBERS.has(field) ? readNumber : isBase ? readString : readAny
