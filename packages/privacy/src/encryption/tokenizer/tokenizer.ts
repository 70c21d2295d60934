import { type AuditEntry, type AuditSink, type Clock, isParapetError, isWellFormed, ParapetError } from '@parapet/core'
import { lengthPrefixed } from '../field/length-prefixed.js'
import type { FieldContext, OpenKeyset } from '../types.js'
import { type TokenRow, type TokenVault, VAULT_CELL } from './token-vault.js'
import { createWriteBehind } from './write-behind.js'

/** What a token looks like: 160 bits behind a prefix that says what it is. */
const TOKEN = /^tok_[A-Za-z0-9_-]{27}$/
const TOKEN_BYTES = 20
const MAX_VALUE = 64 * 1024
const MAX_REASON = 500
/** Tokens that were written lately and need not be written again. */
const REMEMBERED = 10_000

/** Who asks for a value, and why. `allowed` is what the caller's permissions say. */
export type UnmaskRequest = {
  readonly actor: AuditEntry['actor']
  readonly reason: string
  readonly allowed: boolean
  readonly address?: string
}

/** Replaces values by tokens that lead back to them, for those who may. */
export type Tokenizer = {
  /**
   * The token of a value that a rule found: the same for the same tenant, rule, value and primary key. The value is sealed at
   * once and kept in the background. Throws PPT_INVALID for a value that UTF-8 cannot carry or that is over 64 KiB, and for a
   * rule that is no id. What `createMasker` takes as `tokenize`.
   */
  readonly tokenize: (value: string, ruleId: string) => string
  /** Waits until every token given out so far leads back to its value. */
  readonly flush: () => Promise<void>
  /**
   * The value of a token. Every answer and refusal is recorded before it is given; when it cannot be recorded, nothing is
   * given. Throws PPT_FORBIDDEN, PPT_INVALID (no reason), PPT_NOT_FOUND, and what opening a sealed value throws.
   */
  readonly unmask: (token: string, request: UnmaskRequest) => Promise<string>
  /** Writes what is left and stops. */
  readonly close: () => Promise<void>
}

/** What a tokenizer works with. */
export type TokenizerOptions = {
  readonly keyset: Pick<OpenKeyset, 'cipher' | 'tokenDigest'>
  readonly vault: TokenVault
  readonly audit: AuditSink
  readonly clock: Clock
  readonly tenant?: string
  /** a vault that does not keep up, or does not answer; its rows are tried again */
  readonly onError: (error: unknown) => void
  /** rows that may wait; beyond them tokens are given that lead nowhere, and `onError` is told */
  readonly maxPending?: number
  readonly flushEveryMs?: number
}

const RULE_ID = /^[a-z][a-z0-9-]{0,63}$/

/** A tokenizer for one tenant. */
export const createTokenizer = (options: TokenizerOptions): Tokenizer => {
  const { keyset, vault, audit, clock, tenant = '', onError, maxPending = 10_000, flushEveryMs = 200 } = options
  const writes = createWriteBehind(vault, { maxPending, batch: 500, everyMs: flushEveryMs, onError })
  const recent = new Set<string>()

  const contextOf = (token: string): FieldContext => ({ tenant, ...VAULT_CELL, row: [token], type: 'text' })

  const remember = (token: string): void => {
    if (recent.size >= REMEMBERED) recent.clear()
    recent.add(token)
  }
  const record = (token: string, request: UnmaskRequest, outcome: AuditEntry['outcome'], rule?: string): Promise<void> =>
    audit.record({
      at: clock(),
      actor: request.actor,
      action: 'token.unmasked',
      // what was asked for may be a value pasted by mistake: only the shape of a token is repeated
      resource: TOKEN.test(token) ? { type: 'token', id: token } : { type: 'token' },
      outcome,
      ...(request.address === undefined ? {} : { address: request.address }),
      ...(typeof request.reason === 'string' && request.reason !== '' ? { reason: request.reason.slice(0, MAX_REASON) } : {}),
      ...(rule === undefined ? {} : { detail: { rule } }),
    })
  const refusal = (request: UnmaskRequest): ParapetError | undefined => {
    // a caller without types must not pass with a word that is not false
    if ((request.allowed as unknown) !== true) return new ParapetError('PPT_FORBIDDEN', 'unmasking')
    const reason = typeof request.reason === 'string' ? request.reason.trim() : ''
    if (reason.length < 3 || request.reason.length > MAX_REASON)
      return new ParapetError('PPT_INVALID', `unmasking takes a reason of 3 to ${MAX_REASON} characters`)
    return undefined
  }
  const find = async (token: string): Promise<TokenRow> => {
    const row = TOKEN.test(token) ? (writes.has(token) ?? (await vault.get(tenant, token))) : undefined
    if (row === undefined) throw new ParapetError('PPT_NOT_FOUND', 'no value is kept for this token')
    return row
  }

  return {
    tokenize: (value, ruleId) => {
      // kept and recorded in clear: a value that somebody passed in its place must not be
      if (!RULE_ID.test(ruleId)) throw new ParapetError('PPT_INVALID', 'tokenize takes the value, then the id of the rule')
      if (typeof value !== 'string' || value.length > MAX_VALUE || !isWellFormed(value))
        throw new ParapetError('PPT_INVALID', `a token takes well-formed text of at most ${MAX_VALUE} characters`)
      const token = `tok_${keyset
        .tokenDigest(lengthPrefixed([tenant, ruleId, value]))
        .subarray(0, TOKEN_BYTES)
        .toString('base64url')}`
      if (recent.has(token)) return token
      writes.add({ token, tenant, rule: ruleId, sealed: keyset.cipher.seal(value, contextOf(token)), createdAt: clock() })
      if (writes.has(token) !== undefined) remember(token)
      return token
    },
    flush: writes.flush,
    unmask: async (token, request) => {
      const refused = refusal(request)
      if (refused !== undefined) {
        await record(token, request, 'refused')
        throw refused
      }
      let opened: { readonly value: string; readonly rule: string }
      try {
        const row = await find(token)
        opened = { value: keyset.cipher.open(row.sealed, contextOf(token)), rule: row.rule }
      } catch (error) {
        await record(token, request, 'failure')
        throw isParapetError(error) ? error : new ParapetError('PPT_DATABASE_UNAVAILABLE', 'the token vault', { cause: error })
      }
      await record(token, request, 'success', opened.rule)
      return opened.value
    },
    close: async () => {
      writes.stop()
      await writes.flush()
    },
  }
}
