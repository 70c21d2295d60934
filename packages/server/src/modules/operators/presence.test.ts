import { describe, expect, it } from 'vitest'
import { createPresence } from './presence.js'

const make = () => {
  let now = 1_000_000
  const persisted: string[] = []
  const forgotten: string[] = []
  const presence = createPresence({
    clock: () => now,
    keepMs: 3_600_000,
    persist: (operator, address) => persisted.push(`${operator}@${address}`),
    forgotten: (operator) => forgotten.push(operator),
  })
  return { presence, persisted, forgotten, advance: (ms: number) => (now += ms) }
}

describe('presence', () => {
  it('knows where operators are, as long as their sessions live', () => {
    const { presence, advance } = make()
    presence.note('ann', '203.0.113.7')
    advance(3_600_000)
    expect(presence.addresses()).toEqual(['203.0.113.7'])
    advance(1)
    expect(presence.addresses()).toEqual([])
  })

  it('writes at most once a minute for each place', () => {
    const { presence, persisted, advance } = make()
    for (let i = 0; i < 100; i++) presence.note('ann', '203.0.113.7')
    presence.note('ann', '203.0.113.8')
    advance(60_000)
    presence.note('ann', '203.0.113.7')
    expect(persisted).toEqual(['ann@203.0.113.7', 'ann@203.0.113.8', 'ann@203.0.113.7'])
  })

  it('remembers a bounded number of places: an operator cannot put the world on the allow-list', () => {
    const { presence } = make()
    for (let i = 0; i < 100; i++) presence.note('ann', `203.0.113.${i}`)
    expect(presence.addresses()).toHaveLength(8)
    expect(presence.addresses()).toContain('203.0.113.99')
  })

  it('forgets who signed out, and nobody else', () => {
    const { presence, forgotten } = make()
    presence.note('ann', '203.0.113.7')
    presence.note('ben', '203.0.113.8')
    presence.forget('ann')
    presence.forget('ann')
    presence.forget('nobody')
    expect(forgotten).toEqual(['ann'])
    expect(presence.addresses()).toEqual(['203.0.113.8'])
  })

  it('takes up what was known before a restart, and ignores what is no address', () => {
    const { presence } = make()
    presence.load([{ operator: 'ann', address: '203.0.113.9', at: 999_000 }])
    presence.note('ann', 'nonsense')
    expect(presence.addresses()).toEqual(['203.0.113.9'])
  })
})
