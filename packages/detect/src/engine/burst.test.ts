import { MINUTE, SECOND } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.js'
import { failure, LOGIN_RULES, rulesOf, runAll, success } from './fixtures/rules.js'

const T = Date.UTC(2026, 0, 5, 9)
const attack = Array.from({ length: 6 }, (_, i) => failure(T + i * SECOND, `198.51.100.${i + 1}`))
/** the alert as it stands at the end: the newest of what was told */
const lastTargets = (events: readonly ReturnType<typeof failure>[]): readonly string[] | undefined =>
  runAll(createEngine({ rules: rulesOf(LOGIN_RULES) }), events).findLast(({ alert }) => alert.rule.id === 'distributed')?.alert.targets

describe('the last list of an alert', () => {
  const attackers = attack.map((event) => event['source.ip'])

  it('holds all who made it', () => {
    expect(lastTargets(attack)).toEqual(attackers)
  })

  it('does not hold who mistyped once it was over, even when the next failure closes it before he is in', () => {
    const typo = failure(T + 15 * MINUTE + 3 * SECOND, '192.0.2.9')
    const late = [typo, failure(T + 16 * MINUTE, '192.0.2.10', 'alice'), success(T + 16 * MINUTE + SECOND, '192.0.2.9')]
    expect(lastTargets([...attack, ...late])).toEqual(attackers)
  })

  it('is told again without somebody who mistyped in the middle of it and then signed in', () => {
    const middle = [failure(T + 10 * SECOND, '192.0.2.9'), success(T + 15 * SECOND, '192.0.2.9')]
    expect(lastTargets([...attack, ...middle])).toEqual(attackers)
  })

  it('is told again even when its end was told before he is in', () => {
    const typo = failure(T + 4 * SECOND, '192.0.2.9')
    const others = Array.from({ length: 30 }, (_, i) => failure(T + 15 * MINUTE + i * SECOND, `203.0.113.${i}`, `user${i}`))
    const back = success(T + 15 * MINUTE + 40 * SECOND, '192.0.2.9')
    expect(lastTargets([...attack.slice(0, 5), typo, ...attack.slice(5), ...others, back])).toEqual(attackers)
  })

  it('keeps an attacker who goes on after the line was crossed for the last time', () => {
    const on = [failure(T + 14 * MINUTE, '198.51.100.1')]
    expect(lastTargets([...attack, ...on])).toEqual(attackers)
  })
})
