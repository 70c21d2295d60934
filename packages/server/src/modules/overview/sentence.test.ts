import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeSituation, HOT_MS, type Situation } from './sentence.js'

const NOW = 1_795_200_000_000
const quiet: Situation = {
  now: NOW,
  events24h: 12_304,
  lastAlertAt: null,
  blocked: { addresses: 0, others: 0 },
  lockdown: false,
  needsYou: 0,
}
const say = (change: Partial<Situation>): string => {
  const { level, sentence } = describeSituation({ ...quiet, ...change })
  return `${level}: ${sentence}`
}

describe('the sentence on the page Now', () => {
  it('says that nothing needs anybody when that is so', () => {
    expect(say({})).toBe('quiet: All quiet: 12,304 events in the last 24 hours, nothing needs you.')
    expect(say({ events24h: 1 })).toBe('quiet: All quiet: 1 event in the last 24 hours, nothing needs you.')
    expect(say({ blocked: { addresses: 2, others: 0 } })).toBe(
      'quiet: All quiet: 12,304 events in the last 24 hours, 2 addresses blocked, nothing needs you.',
    )
  })

  it('says that an attack is held off, by how many, and how fresh it is', () => {
    expect(say({ lastAlertAt: NOW - 120_000, blocked: { addresses: 3, others: 0 } })).toBe(
      'attack: An attack is being held off: 3 addresses blocked, the last alert 2 minutes ago.',
    )
    expect(say({ lastAlertAt: NOW - 61_000, blocked: { addresses: 1, others: 1 } })).toBe(
      'attack: An attack is being held off: 1 address and 1 other target blocked, the last alert 1 minute ago.',
    )
    expect(say({ lastAlertAt: NOW - 5_000, blocked: { addresses: 1, others: 0 } })).toContain('the last alert just now')
  })

  it('never claims to hold off what nothing is done about', () => {
    expect(say({ lastAlertAt: NOW - 120_000 })).toBe('attack: Something is being tried: the last alert 2 minutes ago, nothing is blocked.')
  })

  it('asks for attention when the attack is over and something is left to do', () => {
    expect(say({ needsYou: 1 })).toBe('attention: 1 thing needs you: 12,304 events in the last 24 hours.')
    expect(say({ needsYou: 2, blocked: { addresses: 1, others: 0 }, lastAlertAt: NOW - HOT_MS })).toBe(
      'attention: 2 things need you: 12,304 events in the last 24 hours, 1 address blocked.',
    )
  })

  it('says first that a lockdown is on, and never calls that quiet', () => {
    expect(say({ lockdown: true })).toBe('attention: A lockdown is on; 12,304 events in the last 24 hours, nothing needs you.')
    expect(say({ lockdown: true, needsYou: 2 })).toBe('attention: A lockdown is on; 2 things need you: 12,304 events in the last 24 hours.')
    expect(say({ lockdown: true, lastAlertAt: NOW - 120_000, blocked: { addresses: 3, others: 0 } })).toBe(
      'attack: A lockdown is on; an attack is being held off: 3 addresses blocked, the last alert 2 minutes ago.',
    )
    expect(say({ lockdown: true, lastAlertAt: NOW - 120_000 })).toContain('A lockdown is on; something is being tried')
  })

  it('is one sentence without holes for any numbers', () => {
    const n = fc.nat({ max: 10_000_000 })
    fc.assert(
      fc.property(
        n,
        fc.option(fc.nat({ max: 2_000_000 })),
        n,
        n,
        n,
        fc.boolean(),
        (events24h, age, addresses, others, needsYou, lockdown) => {
          const { sentence } = describeSituation({
            now: NOW,
            events24h,
            lastAlertAt: age === null ? null : NOW - age,
            blocked: { addresses, others },
            lockdown,
            needsYou,
          })
          expect(sentence).toMatch(/^[A-Z0-9][^.]*\.$/)
          expect(sentence).not.toMatch(/undefined|NaN|null| {2}| ,/)
        },
      ),
    )
  })
})
