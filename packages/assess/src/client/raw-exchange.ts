import { openSocket, readyEvent, type Endpoint } from './endpoint.js'
import { BODY_LIMIT } from './exchange.js'
import { timedOut, toNoAnswer } from './failure.js'
import { readRawAnswer } from './raw-answer.js'
import type { NoAnswer, ProbeAnswer, RawOptions } from './types.js'

const GARBAGE = 'what came back is not HTTP/1'

/**
 * Sends bytes as they are over a connection of its own and reads one answer. It ends with the answer, with the connection or with the
 * time; a head that came is an answer, `cut` when its body did not end.
 */
export const rawExchange = (
  endpoint: Endpoint,
  bytes: string | Uint8Array,
  options: RawOptions & { readonly timeoutMs: number; readonly localAddress: string | undefined },
): Promise<ProbeAnswer | NoAnswer> =>
  new Promise((resolve) => {
    let sentAt = performance.now()
    let firstAt: number | undefined
    let dripping: NodeJS.Timeout | undefined
    let came = Buffer.alloc(0)
    let place = 'it did not accept the connection'
    const socket = openSocket(endpoint, options.localAddress)
    const waited = (): number => (firstAt ?? performance.now()) - sentAt
    const end = (result: ProbeAnswer | NoAnswer): void => {
      clearTimeout(timer)
      clearInterval(dripping)
      socket.destroy()
      resolve(result)
    }
    /** what is there counts, unless it is too little to be an answer */
    const settle = (otherwise: () => NoAnswer): void => {
      const read = came.length === 0 ? { kind: 'more' as const } : readRawAnswer(came, waited())
      if (read.kind === 'head') end(read.answer)
      else if (read.kind === 'garbage') end({ kind: 'none', why: 'garbage', detail: GARBAGE, waitMs: waited() })
      else end(otherwise())
    }
    const timer = setTimeout(() => settle(() => timedOut(place, waited())), options.timeoutMs)
    const { drip } = options
    let dropped = 0
    socket.once(readyEvent(endpoint), () => {
      if (drip !== undefined) {
        dripping = setInterval(() => {
          if (dropped < drip.text.length && socket.writable) socket.write(drip.text.slice(dropped, ++dropped))
          else clearInterval(dripping)
        }, drip.everyMs)
      }
      place = 'it sent no head of an answer'
      socket.write(bytes, () => {
        if (firstAt === undefined) sentAt = performance.now()
      })
    })
    socket.on('data', (chunk: Buffer) => {
      firstAt ??= performance.now()
      came = Buffer.concat([came, chunk])
      const read = readRawAnswer(came, waited())
      if (read.kind === 'garbage' || (read.kind === 'head' && read.whole) || came.length > 2 * BODY_LIMIT)
        settle(() => timedOut(place, waited()))
    })
    socket.on('error', (error) => settle(() => toNoAnswer(error, waited())))
    socket.on('close', () => settle(() => toNoAnswer(undefined, waited())))
  })
