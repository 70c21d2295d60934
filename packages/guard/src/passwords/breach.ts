import { createHash } from 'node:crypto'
import { abortableFetch } from '@parapet/core'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import type { BreachOptions } from './types.js'

/** `unknown`: the service did not answer in time, or nothing that we understand. */
export type BreachVerdict = 'clear' | 'breached' | 'unknown'

const DEFAULT_URL = 'https://api.pwnedpasswords.com/range/'
/** Bytes of an answer that are read: with padding it has some 60 KiB. */
const LONGEST_ANSWER = 1_048_576
const LINE = /^([\dA-F]{35}):(\d{1,12})$/

const readUrl = (value: unknown): string => {
  const fix = `give an https address that ends with /, such as ${DEFAULT_URL}`
  if (typeof value !== 'string' || !URL.canParse(value) || !value.endsWith('/')) throw optionError('passwords.breach.url', value, fix)
  const url = new URL(value)
  const isLocal = url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]'
  if ((url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) || url.username !== '' || url.search !== '' || url.hash !== '')
    throw optionError('passwords.breach.url', value, fix)
  return value
}

/** The body as text, up to a bound. */
const readBody = async (response: Response): Promise<string | undefined> => {
  if (response.body === null) return undefined
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length
    if (bytes > LONGEST_ANSWER) return undefined
    text += decoder.decode(part, { stream: true })
  }
  return text
}

/**
 * Asks whether a password is in a known breach, without telling which: five hex digits of its SHA-1 are sent, and the list of all that
 * begin so comes back, padded so that its length says nothing. Throws `PPT_CONFIG_INVALID`. Source: ASVS 6.2.12, Have I Been Pwned, range search.
 */
export const createBreachCheck = (options: BreachOptions): ((password: string) => Promise<BreachVerdict>) => {
  knownOptions('passwords.breach', options, ['url', 'onOutage', 'timeoutMs', 'fetch'])
  const { onOutage, fetch = globalThis.fetch } = options
  if (onOutage !== 'accept' && onOutage !== 'refuse')
    throw optionError(
      'passwords.breach.onOutage',
      onOutage,
      "say 'accept' or 'refuse': what happens to a password while the service is down",
    )
  if (typeof fetch !== 'function') throw optionError('passwords.breach.fetch', fetch, 'give a function such as fetch')
  const url = readUrl(options.url ?? DEFAULT_URL)
  const ask = abortableFetch(fetch)
  const timeoutMs = integerOption('passwords.breach.timeoutMs', options.timeoutMs, 2_000, 100, 30_000)
  return async (password) => {
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
    try {
      const response = await ask(url + hash.slice(0, 5), {
        headers: { 'Add-Padding': 'true', 'User-Agent': 'parapet' },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const body = response.ok ? await readBody(response) : undefined
      if (body === undefined) return 'unknown'
      const rest = hash.slice(5)
      let understood = false
      for (const line of body.split(/\r?\n/)) {
        const [, suffix, count] = LINE.exec(line) ?? []
        if (suffix === undefined) continue
        understood = true
        // padding comes with a count of 0
        if (suffix === rest && Number(count) > 0) return 'breached'
      }
      return understood ? 'clear' : 'unknown'
    } catch {
      return 'unknown'
    }
  }
}
