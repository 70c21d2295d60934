import { type AddressRange, parseRange } from '@parapet/core'
import type { AllowGroup } from '@parapet/respond/enforcers'
import { readNetwork } from './routes.js'
import { signedIn } from './signed-in.js'

/** Whom the owner of a host named. `root`: where its files are, `/` but in tests. */
export type HereOptions = { readonly allow: readonly string[]; readonly operators: readonly string[]; readonly root?: string }

/** How long what was looked up holds, ms: an operator who signs in is protected after that. */
const FRESH_MS = 1_000

const ranges = (texts: readonly string[]): readonly AddressRange[] => texts.flatMap((text) => parseRange(text) ?? [])

const ALWAYS: AllowGroup = { reason: 'this host itself or its own link', ranges: ranges(['127.0.0.0/8', '::1', 'fe80::/10']) }

const hostRange = (address: AddressRange['address']): AddressRange => ({ address, prefix: address.family === 4 ? 32 : 128 })

const lookAround = ({ allow, operators, root = '/' }: HereOptions): readonly AllowGroup[] => {
  const { own, gateways, dns } = readNetwork(root)
  // an address alone says nothing of who is there: only the session of a declared user does
  const sessions = operators.length === 0 ? [] : signedIn(root).filter(({ user }) => operators.includes(user))
  return [
    ALWAYS,
    { reason: 'an address of this host', ranges: own },
    { reason: 'a gateway of this host', ranges: gateways },
    { reason: 'a DNS server of this host', ranges: dns },
    { reason: 'in enforce.allow of this host', ranges: ranges(allow) },
    { reason: 'where an operator is signed in from', ranges: sessions.map(({ address }) => hostRange(address)) },
  ]
}

/** Who is never denied on this host, without being told but for `allow` and `operators`. Looked up at most once a second. */
export const createProtectedHere = (options: HereOptions): (() => readonly AllowGroup[]) => {
  let groups: readonly AllowGroup[] | undefined
  let at = 0
  return () => {
    const now = performance.now()
    if (groups === undefined || now - at > FRESH_MS) {
      groups = lookAround(options)
      at = now
    }
    return groups
  }
}
