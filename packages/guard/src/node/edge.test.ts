import { describe, expect, it } from 'vitest'
import type { GuardContext } from '../app/types.js'
import { lazyNonce } from './edge.js'

const contextWith = (nonce: () => string): GuardContext => ({
  id: 'id',
  client: { kind: 'unknown', reason: 'no_peer' },
  session: { kind: 'none' },
  get nonce() {
    return nonce()
  },
})

describe('the nonce of a template', () => {
  it('is made when it is read, and not before', () => {
    let made = 0
    const locals: Record<string, unknown> = {}
    lazyNonce(
      locals,
      contextWith(() => `nonce-${++made}`),
    )
    expect(Object.keys(locals)).toEqual(['nonce'])
    expect(made).toBe(0)
    expect(locals['nonce']).toBe('nonce-1')
  })

  it('is that of its own answer, also in a copy and in what inherits from it', () => {
    const [one, other]: [Record<string, unknown>, Record<string, unknown>] = [{}, Object.create(null) as Record<string, unknown>]
    lazyNonce(
      one,
      contextWith(() => 'one'),
    )
    lazyNonce(
      other,
      contextWith(() => 'other'),
    )
    expect([one['nonce'], other['nonce']]).toEqual(['one', 'other'])
    expect({ ...other }).toEqual({ nonce: 'other' })
    expect((Object.create(one) as typeof one)['nonce']).toBe('one')
  })
})
