import type { Duplex, Readable, Writable } from 'node:stream'
import { isParapetError, ParapetError } from '@parapet/core'
import { readLines } from './lines.js'
import type { NftVerbs } from './nft.js'
import type { NginxVerbs } from './nginx.js'
import type { HelperReply, HelperRequest } from './protocol.js'

/** Everything that the helper can do. */
export type HelperVerbs = { readonly nft: NftVerbs; readonly nginx: NginxVerbs }

const act = async (line: string, { nft, nginx }: HelperVerbs): Promise<unknown> => {
  let request: unknown
  try {
    request = JSON.parse(line)
  } catch (error) {
    throw new ParapetError('PPT_HELPER', 'a request is no JSON', { cause: error })
  }
  const { verb, operations } = (request ?? {}) as { verb?: unknown; operations?: unknown }
  switch (verb as HelperRequest['verb']) {
    case 'nft.apply':
      return nft.apply(operations)
    case 'nft.look':
      return nft.look()
    case 'nft.read':
      return nft.read()
    case 'nft.remove':
      await nft.remove()
      return {}
    case 'nginx.apply':
      return nginx.apply(request as Readonly<Record<string, unknown>>)
    default:
      throw new ParapetError('PPT_HELPER', 'the helper knows no such verb')
  }
}

/** One queue for all who ask: two transactions never run at once. */
export const createHelperQueue = (verbs: HelperVerbs): ((line: string) => Promise<HelperReply>) => {
  let last: Promise<unknown> = Promise.resolve()
  return (line) => {
    const reply = last.then(async (): Promise<HelperReply> => {
      try {
        return { ok: true, value: await act(line, verbs) }
      } catch (error) {
        return { ok: false, detail: isParapetError(error) ? (error.detail ?? error.message) : 'the helper failed' }
      }
    })
    last = reply
    return reply
  }
}

/** Answers every line that comes over a connection, in order; a connection that sends a line over the bound is closed. */
export const serveStream = (from: Readable, to: Writable, answer: (line: string) => Promise<HelperReply>): void => {
  readLines(
    from,
    (line) => void answer(line).then((reply) => to.writable && to.write(`${JSON.stringify(reply)}\n`)),
    () => {
      from.destroy()
      to.end()
    },
  )
}

/** The same for one connection of the socket. */
export const serveConnection = (connection: Duplex, answer: (line: string) => Promise<HelperReply>): void => {
  connection.on('error', () => connection.destroy())
  serveStream(connection, connection, answer)
}
