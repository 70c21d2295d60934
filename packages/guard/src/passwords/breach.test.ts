import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBreachCheck } from './breach.js'
import { createPasswords } from './passwords.js'
import type { BreachOptions } from './types.js'

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase()
const PASSWORD = 'tk4-lamp-orbit'
const HASH = sha1(PASSWORD)
const filler = (i: number): string => `${sha1(String(i)).slice(5)}:${i % 3 === 0 ? 0 : i}`

describe('the breach check', () => {
  let server: Server
  let url = ''
  let seen: IncomingMessage[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {}

  beforeEach(async () => {
    seen = []
    server = createServer((request, response) => {
      seen.push(request)
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/range/`
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })
  afterEach(() => {
    answer = () => {}
  })

  const list = (...lines: readonly string[]): void => {
    answer = (_request, response) => response.end([...Array.from({ length: 900 }, (_, i) => filler(i)), ...lines].join('\r\n'))
  }
  const check = (options: Partial<BreachOptions> = {}) =>
    createBreachCheck({ url, onOutage: 'refuse', timeoutMs: 20_000, ...options })(PASSWORD)

  it('sends five hex digits of the hash and asks for padding: nothing else of the password leaves [ASVS 6.2.12]', async () => {
    list(`${HASH.slice(5)}:42`)
    expect(await check()).toBe('breached')
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method: 'GET', url: `/range/${HASH.slice(0, 5)}` })
    expect(seen[0]?.headers).toMatchObject({ 'add-padding': 'true' })
    const sent = JSON.stringify([seen[0]?.url, seen[0]?.rawHeaders])
    for (const secret of [PASSWORD, HASH.slice(5), HASH.slice(5, 10), Buffer.from(PASSWORD).toString('base64')])
      expect(sent).not.toContain(secret)
  })

  it('does not take padding for a hit, nor a hash that differs in one digit', async () => {
    const other = (HASH.at(-1) === '0' ? '1' : '0').padStart(1)
    list(`${HASH.slice(5)}:0`, `${HASH.slice(5, -1)}${other}:9`)
    expect(await check()).toBe('clear')
  })

  it.each<[string, () => void]>([
    ['an error', () => (answer = (_request, response) => response.writeHead(503).end(`${HASH.slice(5)}:1`))],
    ['a page that is no list', () => (answer = (_request, response) => response.end('<html>maintenance</html>'))],
    ['nothing', () => (answer = (_request, response) => response.end())],
    ['silence', () => (answer = () => {})],
    ['a slow trickle', () => (answer = (_request, response) => void response.write(`${filler(1)}\r\n`))],
    ['more than it ever should', () => (answer = (_request, response) => response.end('0'.repeat(3_000_000)))],
    ['a redirect to somewhere else', () => (answer = (_request, response) => response.writeHead(302, { location: '/range/00000' }).end())],
    ['a broken connection', () => (answer = (request) => request.socket.destroy())],
  ])('knows that it does not know when the answer is %s', async (what, make) => {
    make()
    // a machine under load must not be taken for a silent service
    const timeoutMs = what === 'silence' || what === 'a slow trickle' ? 500 : 20_000
    expect(await check({ timeoutMs })).toBe('unknown')
    expect(seen).toHaveLength(1)
  })

  it('finds a hit wherever it stands, with either kind of line end, and in pieces of any size', async () => {
    for (const [end, size] of [['\r\n', 7], ['\n', 36], ['\n', 1_000]] as const) {
      for (const at of [0, 1, 57, 119]) {
        const lines = Array.from({ length: 120 }, (_, i) => (i === at ? `${HASH.slice(5)}:3` : filler(i)))
        const body = lines.join(end)
        answer = (_request, response) => {
          for (let from = 0; from < body.length; from += size) response.write(body.slice(from, from + size))
          response.end()
        }
        expect(await check()).toBe('breached')
      }
    }
  }) // prettier-ignore

  it('takes the password as it is kept: the same text from another keyboard has the same hash', async () => {
    const passwords = createPasswords({ breach: { url, onOutage: 'refuse', timeoutMs: 20_000 } })
    list()
    await passwords.judge('Bücher-Ångström-７'.normalize('NFD'))
    await passwords.judge('Bücher-Ångström-7'.normalize('NFC'))
    expect(seen[0]?.url).toBe(seen[1]?.url)
    expect(seen[0]?.url).toBe(`/range/${sha1('Bücher-Ångström-7'.normalize('NFC')).slice(0, 5)}`)
  })

  it('sends nothing that tells two people with one password apart: no cookie, no name, no referrer', async () => {
    list()
    await createPasswords({ breach: { url, onOutage: 'refuse', timeoutMs: 20_000 } }).judge(PASSWORD, { words: ['anna@example.org'] })
    const headers = seen[0]?.headers ?? {}
    expect(headers['user-agent']).toBe('parapet')
    for (const name of ['cookie', 'authorization', 'referer', 'origin']) expect(headers[name]).toBeUndefined()
    expect(JSON.stringify(seen[0]?.rawHeaders)).not.toContain('anna')
  })

  it('goes through the fetch that it was given, such as one with a proxy', async () => {
    const asked: [string, RequestInit | undefined][] = []
    const own = async (input: unknown, init?: RequestInit): Promise<Response> => {
      asked.push([input as string, init])
      return new Response(`${HASH.slice(5)}:7`)
    }
    expect(await check({ fetch: own, url: 'https://mirror.example/range/' })).toBe('breached')
    expect(asked[0]?.[0]).toBe(`https://mirror.example/range/${HASH.slice(0, 5)}`)
    expect(asked[0]?.[1]).toMatchObject({ redirect: 'error' })
    expect(asked[0]?.[1]?.signal).toBeInstanceOf(AbortSignal)
    expect(seen).toHaveLength(0)
  })

  it('does with what it does not know as was said: accept, and tell, or refuse', async () => {
    answer = (_request, response) => response.writeHead(503).end()
    const judge = (onOutage: 'accept' | 'refuse') => createPasswords({ breach: { url, onOutage, timeoutMs: 20_000 } }).judge(PASSWORD)
    expect(await judge('accept')).toEqual({ kind: 'accepted', breach: 'unchecked' })
    expect(await judge('refuse')).toMatchObject({ kind: 'refused', reason: 'breach_unknown' })
  })

  it('says so when a new password is in a breach, and when it is in none', async () => {
    const passwords = createPasswords({ breach: { url, onOutage: 'refuse', timeoutMs: 20_000 } })
    list(`${HASH.slice(5)}:1`)
    expect(await passwords.judge(PASSWORD)).toMatchObject({ kind: 'refused', reason: 'breached' })
    list()
    expect(await passwords.judge(PASSWORD)).toEqual({ kind: 'accepted', breach: 'clear' })
  })

  it('is not asked about what is refused anyway', async () => {
    const passwords = createPasswords({ breach: { url, onOutage: 'refuse', timeoutMs: 20_000 } })
    for (const password of ['short', 'password123', 'aaaaaaaaaa', 'x'.repeat(5_000)])
      expect((await passwords.judge(password)).kind).toBe('refused')
    expect(seen).toHaveLength(0)
  })

  it('trap: enumeration by status, body, time or mail: signing in never asks it, for nobody', async () => {
    const passwords = createPasswords({ breach: { url, onOutage: 'refuse', timeoutMs: 20_000 } })
    const stored = await passwords.hash(PASSWORD)
    await passwords.verify(stored, PASSWORD)
    await passwords.verify(stored, 'wrong')
    await passwords.verify(undefined, PASSWORD)
    await passwords.isSame(stored, PASSWORD)
    expect(seen).toHaveLength(0)
  })
})

describe('the options of the breach check', () => {
  it('name what is wrong: there is no policy of outage by default', () => {
    expect(() => createPasswords({ breach: {} as BreachOptions })).toThrow(
      "passwords.breach.onOutage is undefined; say 'accept' or 'refuse'",
    )
    for (const url of [
      'http://api.pwnedpasswords.com/range/',
      'https://x.example/range',
      'ftp://x/',
      'x',
      'https://u:p@x.example/',
      'https://x.example/?q=/',
    ])
      expect(() => createBreachCheck({ onOutage: 'accept', url })).toThrow('passwords.breach.url is')
    expect(() => createBreachCheck({ onOutage: 'accept', timeoutMs: 1 })).toThrow('passwords.breach.timeoutMs is 1')
    expect(() => createBreachCheck({ onOutage: 'accept', fetch: 7 as unknown as typeof fetch })).toThrow('passwords.breach.fetch is 7')
    expect(() => createBreachCheck({ onOutage: 'accept', on: 1 } as BreachOptions)).toThrow('passwords.breach has no option "on"')
  })
})
