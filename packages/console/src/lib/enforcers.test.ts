import type { DecisionConfirmation } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { makeDecision } from '../test/fixtures.js'
import { makeConfirmations, makeEnforcer, makeEnforcers } from '../test/respond-fixtures.js'
import {
  actionsInWords,
  CONFIRMATION_STATE,
  confirmationsInWords,
  ENFORCER_STATE,
  enforcerKey,
  enforcersInWords,
  freedBy,
  holding,
  listEnforcers,
} from './enforcers.js'

const NOW = 1_764_000_000_000

describe('enforcers', () => {
  it('are listed with those in trouble first, so that a long list of quiet ones hides none', () => {
    expect(listEnforcers(makeEnforcers(NOW)).map(({ state }) => state)).toEqual([
      'trouble',
      'trouble',
      'drift',
      'silent',
      'behind',
      'in_step',
    ])
    const sorted = listEnforcers([
      makeEnforcer(NOW, { instance: 'b' }),
      makeEnforcer(NOW, { instance: 'a' }),
      makeEnforcer(NOW, { kind: 'feed', instance: 'z' }),
    ])
    expect(sorted.map(({ instance }) => instance)).toEqual(['z', 'a', 'b'])
  })

  it('have different names although instances and sources repeat', () => {
    const keys = makeEnforcers(NOW).map(enforcerKey)
    expect(new Set(keys).size).toBe(keys.length)
    // no separator that a name could hold
    expect(enforcerKey(makeEnforcer(NOW, { instance: 'b c', source: { id: 'a', name: '' } }))).not.toBe(
      enforcerKey(makeEnforcer(NOW, { instance: 'c', source: { id: 'a b', name: '' } })),
    )
  })

  it('say what they hold of what they should, and that nobody can look', () => {
    expect(holding({ wanted: 9_800, held: 9_211 })).toEqual({ words: '9\u202f211 of 9\u202f800', share: 9_211 / 9_800 })
    expect(holding({ wanted: 0, held: 0 })).toEqual({ words: '0 of 0', share: 1 })
    expect(holding({ wanted: 3, held: 5 })).toEqual({ words: '5 of 3', share: 1 })
    expect(holding({ wanted: 84, held: null })).toEqual({ words: '84 wanted, nobody can look', share: null })
  })

  it('stand together in one sentence', () => {
    expect(enforcersInWords(makeEnforcers(NOW))).toBe('5 of 6 enforcers not in step; 1 only watches.')
    expect(enforcersInWords([makeEnforcer(NOW)])).toBe('1 enforcer, all in step.')
  })

  it('tell each of their states by another word, and none that is bad by a good mark', () => {
    for (const states of [ENFORCER_STATE, CONFIRMATION_STATE]) {
      const words = Object.values(states).map(({ word }) => word)
      expect(new Set(words).size).toBe(words.length)
    }
    expect(Object.values(ENFORCER_STATE).filter(({ tone }) => tone === 'good')).toHaveLength(1)
    expect(Object.entries(CONFIRMATION_STATE).filter(([, { tone }]) => tone === 'good')).toEqual([['in_force', expect.anything()]])
  })

  it('name what they cannot do as a sentence does', () => {
    expect(actionsInWords([])).toBe('')
    expect(actionsInWords(['challenge'])).toBe('challenge')
    expect(actionsInWords(['challenge', 'suspend', 'end_sessions'])).toBe('challenge, suspend and end sessions')
  })
})

describe('where a decision is in force', () => {
  it('is counted among those that can, and what is missing is said', () => {
    expect(confirmationsInWords(makeConfirmations(NOW))).toBe(
      'In force at 1 of 5 enforcers, 1 not yet, 1 refused it, 1 only watches, 1 silent.',
    )
  })

  it('is nowhere while no enforcer reports, or none can', () => {
    expect(confirmationsInWords([])).toBe('No enforcer has reported yet: nothing carries it out.')
    const unable = makeConfirmations(NOW).map((one): DecisionConfirmation =>
      Object.assign(structuredClone(one), { state: 'not_able' as const }),
    )
    expect(confirmationsInWords(unable)).toBe('No enforcer can do this.')
  })
})

describe('what a batch frees', () => {
  const batch = [0, 1, 2].map((index) => makeDecision(index, NOW, { batch: 'b' }))
  const [first, second] = batch
  if (first === undefined || second === undefined) throw new Error('no batch')

  it('is not free when another decision binds the same target', () => {
    const other = makeDecision(40, NOW, { id: 'other', target: second.target })
    const freed = freedBy(batch, [...batch, other], NOW)
    expect(freed.map(({ stays }) => stays.map(({ id }) => id))).toEqual([[], ['other'], []])
  })

  it('is free when the other is only watched, has ended, was lifted, or is about another kind of target', () => {
    const others = [
      makeDecision(40, NOW, { id: 'watched', target: first.target, mode: 'observe' }),
      makeDecision(41, NOW, { id: 'ended', target: first.target, expiresAt: NOW }),
      makeDecision(42, NOW, {
        id: 'lifted',
        target: first.target,
        lifted: { at: NOW, by: { kind: 'cli', id: 'x' }, reason: '' },
      }),
      makeDecision(43, NOW, { id: 'user', target: { kind: 'user', value: first.target.value } }),
    ]
    expect(freedBy(batch, others, NOW).every(({ stays }) => stays.length === 0)).toBe(true)
  })

  it('leaves out what does not bind any more', () => {
    const over = { ...first, expiresAt: NOW }
    const lifted = makeDecision(1, NOW, { lifted: { at: NOW, by: { kind: 'cli', id: 'x' }, reason: '' } })
    expect(freedBy([over, lifted, second], [], NOW).map(({ decision }) => decision.id)).toEqual([second.id])
  })
})
