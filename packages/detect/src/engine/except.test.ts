import { MINUTE, type SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { createEngine } from './engine.js'

const START = Date.UTC(2026, 10, 21)
const { rules } = compileRules(await builtinRules())

const signIn = (at: number, outcome: 'success' | 'failure', address: string): SecurityEvent => ({
  '@timestamp': START + at,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': outcome,
  'event.dataset': 'guard.login',
  'user.name': 'alice',
  'source.ip': address,
})

const alertsOf = (title: string, events: readonly SecurityEvent[]): readonly (readonly string[])[] => {
  const engine = createEngine({ rules })
  const told = [...events.flatMap((event, i) => engine.process(event, `e-${i}`)), ...engine.flush()]
  const newest = new Map(told.map(({ alert }) => [alert.id, alert]))
  return [...newest.values()].filter(({ rule }) => rule.title === title).map(({ targets }) => targets)
}

describe('who signs in', () => {
  it('takes back nothing of what strangers did at that time: a busy user hides no slow guesses', () => {
    const guesses = Array.from({ length: 18 }, (_, i) => [
      signIn(i * 30 * MINUTE, 'failure', `198.18.0.${i + 1}`),
      signIn(i * 30 * MINUTE + MINUTE, 'success', '100.64.0.1'),
    ]).flat()
    const [targets] = alertsOf('Slow guessing on one user', guesses)
    expect(targets).toHaveLength(18)
    expect(targets).not.toContain('100.64.0.1')
  })

  it('takes back his own typing errors, and is not listed for them', () => {
    const mistypes = Array.from({ length: 18 }, (_, i) => [
      signIn(i * 30 * MINUTE, 'failure', '100.64.0.1'),
      signIn(i * 30 * MINUTE + MINUTE, 'success', '100.64.0.1'),
    ]).flat()
    expect(alertsOf('Slow guessing on one user', mistypes)).toEqual([])
  })

  it('is no longer one of the addresses that are counted, also when more than a hundred guesses came since', () => {
    const guesses = (addresses: number): SecurityEvent[] => [
      signIn(0, 'failure', '100.64.0.1'),
      ...Array.from({ length: 140 }, (_, i) => signIn(1_000 + i * 1_000, 'failure', `198.18.0.${1 + (i % 8)}`)),
      signIn(142_000, 'success', '100.64.0.1'),
      ...Array.from({ length: addresses }, (_, i) => signIn(150_000 + i * 1_000, 'failure', `198.18.1.${i}`)),
    ]
    expect(alertsOf('Distributed guessing on one user', guesses(1))).toEqual([])
    expect(alertsOf('Distributed guessing on one user', guesses(2))).toHaveLength(1)
  })
})
