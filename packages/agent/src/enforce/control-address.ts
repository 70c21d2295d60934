import { lookup } from 'node:dns/promises'
import { type AddressRange, parseRange } from '@parapet/core'

const EVERY_MS = 60_000

/** The addresses of the control plane, looked up now and then; the last ones stay while nobody answers. */
export const followControlAddress = (server: string): { readonly ranges: () => readonly AddressRange[]; readonly stop: () => void } => {
  const name = new URL(server).hostname.replaceAll(/^\[|\]$/g, '')
  const fixed = parseRange(name)
  let held: readonly AddressRange[] = fixed === undefined ? [] : [fixed]
  const look = async (): Promise<void> => {
    try {
      const found = await lookup(name, { all: true })
      held = found.flatMap(({ address }) => parseRange(address) ?? [])
    } catch {
      // a resolver that is away must not expose the way back
    }
  }
  if (fixed === undefined) void look()
  const timer = fixed === undefined ? setInterval(() => void look(), EVERY_MS) : undefined
  timer?.unref()
  return { ranges: () => held, stop: () => clearInterval(timer) }
}
