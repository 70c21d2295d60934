import { formatAddress, parseRange } from '@parapet/core'
import { type ClientAddress, createClientAddress, isPlainlyBelow, readRoutes, type Routes, withoutLastSlash } from '@parapet/guard'
import type { Config } from '../../config/index.js'
import { nameKey } from '../operators/names.js'
import type { HeaderReader } from './original-request.js'

/** How one application stands behind its proxy; from `forwardAuth` of the configuration. */
export type ForwardAuthSettings = {
  readonly signIns: Routes
  /** where what is owed can be given, with what these pages are made of */
  readonly isOpen: (path: string) => boolean
  readonly pages: { readonly stepUp: string | undefined; readonly reset: string | undefined }
  /** the client that the proxy names */
  readonly clientOf: (header: HeaderReader) => ClientAddress
  /** the user that the proxy vouches for, where it is declared to */
  readonly userOf: (header: HeaderReader) => string | undefined
}

type Entry = Config['forwardAuth'][number]

/** A user's id as a header may carry it: printable, and as long as an event's. */
const USER = /^[\u0020-\u007e\u00a0-\u00ff]{1,256}$/

const clientOf = ({ clientHeader, trustedProxies }: Pick<Entry, 'clientHeader' | 'trustedProxies'>): ForwardAuthSettings['clientOf'] => {
  const header = clientHeader === 'forwarded' ? 'forwarded' : 'x-forwarded-for'
  const [first] = trustedProxies
  const range = first === undefined ? undefined : parseRange(first)
  // the proxy that asks has shown its token: it is the nearest hop, and what it wrote is read from the right
  const resolve = createClientAddress(range === undefined ? { hops: 1, header } : { trusted: trustedProxies, header })
  const peer = range === undefined ? undefined : formatAddress(range.address)
  const asked = clientHeader === 'x-real-ip' ? 'x-real-ip' : header
  return (read) => resolve({ method: 'GET', url: '/', header: (name) => (name === header ? read(asked) : read(name)), peer, secure: false })
}

const pagePath = (page: string | undefined): string[] => (page === undefined ? [] : [new URL(page, 'http://localhost').pathname])

const openOf = (entry: Pick<Entry, 'open' | 'stepUp' | 'reset'>): ((path: string) => boolean) => {
  const exact = new Set([...pagePath(entry.stepUp), ...pagePath(entry.reset), ...entry.open].map(withoutLastSlash))
  const below = entry.open.filter((path) => path.endsWith('/'))
  // as it was sent: a spelling that the application reads as another path opens nothing
  return (path) => exact.has(withoutLastSlash(path)) || isPlainlyBelow(path, below)
}

const compile = (entry: Entry): ForwardAuthSettings => {
  const { userHeader } = entry
  return {
    signIns: readRoutes('forwardAuth.signIn', entry.signIn),
    isOpen: openOf(entry),
    pages: { stepUp: entry.stepUp, reset: entry.reset },
    clientOf: clientOf(entry),
    userOf: (header) => {
      const user = userHeader === undefined ? undefined : header(userHeader.toLowerCase())?.trim()
      return user !== undefined && USER.test(user) ? user : undefined
    },
  }
}

/** Reads the settings of each application once; what is not listed gets the defaults. Throws `PPT_CONFIG_INVALID`. */
export const readForwardAuth = (entries: Config['forwardAuth']): ((source: string) => ForwardAuthSettings) => {
  const bySource = new Map(entries.map((entry) => [nameKey(entry.source), compile(entry)]))
  const plain = compile({
    source: '',
    signIn: [],
    open: [],
    stepUp: undefined,
    reset: undefined,
    clientHeader: 'x-forwarded-for',
    trustedProxies: [],
    userHeader: undefined,
  })
  return (source) => bySource.get(nameKey(source)) ?? plain
}
