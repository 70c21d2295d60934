import { parseAddress } from '@parapet/core'
import { seededFraction } from './seeded-fraction.js'
import { describe, expect, it } from 'vitest'
import { DEMO_USERS, demoTraffic } from './traffic.js'

const LENGTH = 180_000
const make = (seed: number) => demoTraffic(seededFraction(seed), LENGTH)

describe('the traffic of the demo', () => {
  it('is the same for the same seed and another for another', () => {
    expect(make(1)).toEqual(make(1))
    expect(make(1)).not.toEqual(make(2))
  })

  it('comes in order of time and opens with honest people only', () => {
    const { requests } = make(3)
    expect(requests.map(({ at }) => at)).toEqual(requests.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(requests.filter(({ at }) => at < LENGTH / 5).every(({ label }) => label === 'honest')).toBe(true)
  })

  it('plays every class, each from addresses that no honest person has', () => {
    const { requests } = make(4)
    expect([...new Set(requests.map(({ label }) => label))].toSorted()).toEqual([
      'brute_force',
      'forced_browsing',
      'honest',
      'path_traversal',
      'sensitive_files',
      'spraying',
      'sql_injection',
      'tool',
    ])
    const honest = new Set(requests.filter(({ label }) => label === 'honest').map(({ address }) => address))
    expect(requests.filter(({ label, address }) => label !== 'honest' && honest.has(address))).toEqual([])
  })

  it('names only addresses of documentation and benchmark ranges', () => {
    for (const { address } of make(5).requests) {
      expect(parseAddress(address)).toBeDefined()
      expect(address).toMatch(/^(?:100\.64\.|198\.18\.|2001:db8:)/)
    }
  })

  it('has honest people sign in with names of the shop only', () => {
    const names = make(6).requests.flatMap(({ label, form }) => (label === 'honest' && form !== undefined ? [form['username']] : []))
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter((name) => name === undefined || !Object.hasOwn(DEMO_USERS, name))).toEqual([])
  })

  it('announces every attack when it begins', () => {
    const { requests, scenes } = make(7)
    const firsts = new Map<string, number>()
    for (const { label, at } of requests) if (!firsts.has(label)) firsts.set(label, at)
    expect(scenes.length).toBe(8)
    firsts.delete('honest')
    for (const at of firsts.values()) expect(scenes.map((scene) => scene.at)).toContain(at)
  })
})
