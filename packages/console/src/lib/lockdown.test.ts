import { LOCKDOWN_MODES } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { makeLockdown, makePreflight } from '../test/respond-fixtures.js'
import { lapsedLately, lastHourInWords, LOCKDOWN_CHOICES, LOCKDOWN_WORDS, nextOf, stageOf } from './lockdown.js'

const NOW = 1_764_000_000_000
const MINUTE = 60_000

describe('the stage of a lockdown', () => {
  it('waits for its first confirmation however much time is left', () => {
    expect(stageOf(makeLockdown(NOW), NOW)).toBe('unconfirmed')
    expect(stageOf(makeLockdown(NOW, { endsAt: NOW + 60 * MINUTE }), NOW)).toBe('unconfirmed')
  })

  it('holds after one, and says in time that it is about to end', () => {
    const held = makeLockdown(NOW, { confirmations: 1, endsAt: NOW + 15 * MINUTE })
    expect(stageOf(held, NOW)).toBe('holding')
    expect(stageOf(held, NOW + 13 * MINUTE - 1)).toBe('holding')
    expect(stageOf(held, NOW + 13 * MINUTE)).toBe('ending')
    // of a short one the last fifth
    const short = makeLockdown(NOW, { confirmations: 1, holdsMs: 5 * MINUTE, endsAt: NOW + 5 * MINUTE })
    expect(stageOf(short, NOW + 4 * MINUTE - 1)).toBe('holding')
    expect(stageOf(short, NOW + 4 * MINUTE)).toBe('ending')
  })

  it('is over at its end, also when the server has not said so', () => {
    expect(stageOf(makeLockdown(NOW), NOW + 2 * MINUTE)).toBe('over')
    expect(stageOf(makeLockdown(NOW, { confirmations: 3, endedAt: NOW, endsAt: NOW + 15 * MINUTE }), NOW)).toBe('over')
  })

  it('says at each what happens when nobody does anything', () => {
    expect(nextOf(makeLockdown(NOW), 'unconfirmed')).toContain('If nobody does, it ends by itself')
    expect(nextOf(makeLockdown(NOW), 'holding')).toContain('A confirmation holds for 15 minutes')
    expect(nextOf(makeLockdown(NOW), 'ending')).toContain('about to end by itself')
    expect(nextOf(makeLockdown(NOW), 'over')).toBe('Everything is open again.')
  })
})

describe('a lockdown that nobody ended', () => {
  const lapsed = makeLockdown(NOW - 10 * MINUTE, { endedAt: NOW - 5 * MINUTE, endedWhy: 'confirmation_lapsed' })

  it('is told of for an hour', () => {
    expect(lapsedLately([lapsed], NOW)).toBe(lapsed)
    expect(lapsedLately([lapsed], NOW + 55 * MINUTE)).toBeUndefined()
  })

  it('is not told of when somebody ended it, or a later one', () => {
    const ended = makeLockdown(NOW, { id: 'later', endedAt: NOW - MINUTE, endedWhy: 'ended' })
    expect(lapsedLately([ended, lapsed], NOW)).toBeUndefined()
    expect(lapsedLately([], NOW)).toBeUndefined()
    expect(lapsedLately([makeLockdown(NOW)], NOW)).toBeUndefined()
  })
})

describe('the words', () => {
  it('offer every mode with what it means, the mildest first', () => {
    expect(LOCKDOWN_CHOICES.map(([mode]) => mode)).toEqual([...LOCKDOWN_MODES])
    expect(LOCKDOWN_CHOICES[0]?.[0]).toBe('read_only')
    expect(new Set(Object.values(LOCKDOWN_WORDS).map(({ means }) => means)).size).toBe(LOCKDOWN_MODES.length)
  })

  it('say whom it would have turned away', () => {
    expect(lastHourInWords(makePreflight())).toBe(
      'It would have refused 11\u202f310 of 12\u202f044 requests. 3 of 48 users would have been turned away.',
    )
    expect(lastHourInWords(makePreflight({ lastHour: { requests: 1, refused: 0, users: 0, usersRefused: 0 } }))).toBe(
      'It would have refused 0 of 1 request. Nobody was signed in.',
    )
  })

  it('do not take a silent hour for a harmless one', () => {
    expect(lastHourInWords(makePreflight({ lastHour: { requests: 0, refused: 0, users: 0, usersRefused: 0 } }))).toContain('is not known')
  })
})
