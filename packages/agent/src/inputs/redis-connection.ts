import { connect, type Socket } from 'node:net'

/** What Redis answers, in version 2 of its protocol. */
export type RedisReply = string | number | null | Error | readonly RedisReply[]

const MOST_BYTES = 4_194_304
const MOST_ITEMS = 65_536
const TIMEOUT_MS = 5_000

const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

/** Reads one reply at `at`; `undefined` when it is not there as a whole yet. Throws on what is no reply. Source: Redis serialization protocol, RESP2. */
export const readReply = (bytes: Buffer, at = 0, depth = 0): { readonly reply: RedisReply; readonly next: number } | undefined => {
  const end = bytes.indexOf('\r\n', at)
  if (end < 0) return undefined
  const text = bytes.toString('utf8', at + 1, end)
  const type = String.fromCharCode(bytes[at] ?? 0)
  const next = end + 2
  if (type === '+') return { reply: text, next }
  if (type === '-') return { reply: new Error(text.slice(0, 200)), next }
  if (type === ':') return { reply: Number(text), next }
  const length = Number(text)
  if (!Number.isInteger(length) || length < -1 || length > MOST_BYTES) throw new Error('no reply of Redis')
  if (length === -1) return { reply: null, next }
  if (type === '$')
    return bytes.length < next + length + 2 ? undefined : { reply: bytes.toString('utf8', next, next + length), next: next + length + 2 }
  if (type !== '*' || length > MOST_ITEMS || depth > 8) throw new Error('no reply of Redis')
  const items: RedisReply[] = []
  let place = next
  for (let i = 0; i < length; i++) {
    const item = readReply(bytes, place, depth + 1)
    if (item === undefined) return undefined
    items.push(item.reply)
    place = item.next
  }
  return { reply: items, next: place }
}

/** Sends commands over a connection of their own and gives the replies; rejects when Redis refuses one, or after 5 s. */
export const askRedis = (
  at: { readonly host: string; readonly port: number },
  commands: readonly (readonly string[])[],
): Promise<readonly RedisReply[]> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect(at.port, at.host)
    let bytes: Buffer = Buffer.alloc(0)
    const replies: RedisReply[] = []
    const fail = (error: unknown): void => {
      clearTimeout(late)
      socket.destroy()
      reject(error instanceof Error ? error : new Error('no answer'))
    }
    const late = setTimeout(() => fail(new Error(`Redis gave no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('Redis closed the connection')))
    socket.once('connect', () => socket.write(commands.map((words) => encode(words)).join('')))
    socket.on('data', (chunk) => {
      try {
        bytes = Buffer.concat([bytes, chunk])
        if (bytes.length > MOST_BYTES) throw new Error('the answer of Redis is too long')
        for (let found = readReply(bytes); found !== undefined && replies.length < commands.length; found = readReply(bytes)) {
          if (found.reply instanceof Error) throw found.reply
          replies.push(found.reply)
          bytes = bytes.subarray(found.next)
        }
        if (replies.length < commands.length) return
        clearTimeout(late)
        socket.removeAllListeners('close')
        socket.end()
        resolve(replies)
      } catch (error) {
        fail(error)
      }
    })
  })
