import { readFileSync } from 'node:fs'
import { PROBES } from '@parapet/assess'
import { chooseFaults, FAULTS } from '@parapet/example-leaky'
import { describe, expect, it } from 'vitest'

const readme = readFileSync(new URL('../../examples/leaky/README.md', import.meta.url), 'utf8')

describe('the list of planted faults', () => {
  it('has one at least for every probe, and no fault for a probe that is none', () => {
    const planted = new Set(FAULTS.map(({ probe }) => probe))
    expect(PROBES.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([])
    const known = new Set(PROBES.map(({ name }) => name))
    expect([...planted].filter((name) => !known.has(name))).toEqual([])
    expect(FAULTS.length).toBeGreaterThanOrEqual(45)
  })

  it.each(FAULTS)('$name says what it plants, where it must be found, and the page for people says so too', (fault) => {
    expect(fault.name).toMatch(/^[a-z\d]+(?:-[a-z\d]+)*$/)
    expect(FAULTS.filter(({ name }) => name === fault.name)).toHaveLength(1)
    expect(fault.at.length).toBeGreaterThan(0)
    expect(fault.before ?? fault.guard ?? fault.server).toBeDefined()
    expect(readme).toContain(`| \`${fault.name}\` | ${fault.says} |`)
  })

  it('switches on with a fault what that fault is nothing without, and nothing else', () => {
    for (const { name, takes = [] } of FAULTS) {
      const chosen = chooseFaults([name]).map((fault) => fault.name)
      expect(chosen).toContain(name)
      for (const other of takes) expect(chosen).toContain(other)
      expect(chosen.length === 1).toBe(takes.length === 0)
    }
  })

  it('puts each fault into one of the two sets', () => {
    const [together, apart] = [chooseFaults('all'), chooseFaults('apart')]
    expect([...together, ...apart].map(({ name }) => name).toSorted()).toEqual(FAULTS.map(({ name }) => name).toSorted())
    expect(apart.length).toBeLessThanOrEqual(5)
  })

  it('refuses a name that is none and says which there are', () => {
    expect(() => chooseFaults(['no-such-fault'])).toThrow(/"no-such-fault".*sign-out/)
  })
})
