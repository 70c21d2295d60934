import { createHmac } from 'node:crypto'
import { ParapetError } from '@parapet/core'
import type { Found } from '../scan/candidate.js'
import type { MaskAction } from '../types.js'

/** What is done to a value, decided: an action, or nothing. */
export type Decided = { readonly action: MaskAction | 'show'; readonly keepLast: number }

/** What actions need from outside. */
export type ActionDeps = {
  readonly decide: (what: Found) => Decided
  /** the key of pseudonyms; give another one every period, and pseudonyms of two periods cannot be joined */
  readonly pseudonymKey?: (() => Uint8Array | string) | undefined
  /** a reversible token for a value; it may throw, and then the value is redacted */
  readonly tokenize?: ((value: string, rule: string) => string) | undefined
}

/** Replaces a value: the text that stands for it, the value itself where it is shown, `null` where it is dropped. `onlyRedact`: the value is not known as a whole. */
export type Replace = (what: Found, value: string, onlyRedact?: boolean) => string | null

const SAFE = /^[\w.:~+/=-]{1,512}$/
const LEAST_KEY = 16

/** The mark of a redacted value. It names the rule and tells nothing of the value, its length neither. */
export const redacted = (rule: string): string => `[REDACTED:${rule}]`

/** The mark of text that was hidden because looking at it took too long. */
export const unscanned = (bytes: number): string => `[UNSCANNED ${bytes} bytes]`

/** One spelling a value: what differs only in case (of an address) or separators (of a number) is the same person's. */
const normalise = (value: string): string => {
  if (/^[\d\s().+/-]+$/.test(value)) return value.replaceAll(/\D+/g, '')
  return value.includes('@') ? value.trim().toLowerCase() : value.trim()
}

const keepEnd = (value: string, keepLast: number): string | undefined => {
  // never more than a third of a value, and never half an escape
  const kept = Math.min(keepLast, Math.floor(value.length / 3))
  const end = kept === 0 ? '' : value.slice(-kept)
  return kept > 0 && /^[A-Za-z0-9.@]+$/.test(end) ? `****${end}` : undefined
}

const pseudonym = (key: Uint8Array | string, rule: string, value: string): string =>
  `${rule.slice(0, 2)}_${createHmac('sha256', key)
    .update(`${rule}\0${normalise(value)}`, 'utf8')
    .digest('hex')
    .slice(0, 16)}`

/**
 * What replaces a value under the actions decided. Trouble never shows a value: where a key is too short or a tokenizer fails, it is redacted.
 */
export const createReplace =
  ({ decide, pseudonymKey, tokenize }: ActionDeps): Replace =>
  (what, value, onlyRedact = false) => {
    const { action, keepLast } = decide(what)
    if (onlyRedact && action !== 'drop') return redacted(what.id)
    switch (action) {
      case 'show':
        return value
      case 'drop':
        return null
      case 'mask':
        return keepEnd(value, keepLast) ?? redacted(what.id)
      case 'pseudonymize': {
        const key = pseudonymKey?.()
        return key === undefined || key.length < LEAST_KEY ? redacted(what.id) : pseudonym(key, what.id, value)
      }
      case 'tokenize':
        try {
          const token = tokenize?.(value, what.id) ?? ''
          return SAFE.test(token) ? token : redacted(what.id)
        } catch {
          return redacted(what.id)
        }
      case 'redact':
        break
    }
    return redacted(what.id)
  }

/** Throws `PPT_MASK_RULE` when actions are wanted for which nothing was given. */
export const checkActions = (wanted: ReadonlySet<MaskAction | 'show'>, deps: Pick<ActionDeps, 'pseudonymKey' | 'tokenize'>): void => {
  if (wanted.has('tokenize') && deps.tokenize === undefined)
    throw new ParapetError('PPT_MASK_RULE', 'the policy tokenizes values: give tokenize, such as the one that createTokenizer makes')
  if (!wanted.has('pseudonymize')) return
  const key = deps.pseudonymKey?.()
  if (key === undefined)
    throw new ParapetError(
      'PPT_MASK_RULE',
      'the policy pseudonymizes values: give pseudonymKey, a function that gives the key of the period',
    )
  if (key.length < LEAST_KEY) throw new ParapetError('PPT_MASK_RULE', `pseudonymKey gives a key of at least ${LEAST_KEY} bytes`)
}
