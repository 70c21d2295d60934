import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGate } from './gate.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('the gate before password hashing', () => {
  it('lets a few pass, queues some in their order, and turns the rest away', async () => {
    const gate = createGate({ running: 2, waiting: 2, perKey: 10 })
    const order: string[] = []
    const enter = (name: string): Promise<() => void> | undefined => gate.enter(name)?.then((leave) => (order.push(name), leave))
    const [a, b, c, d] = [enter('a'), enter('b'), enter('c'), enter('d')]
    expect(gate.enter('e')).toBeUndefined()
    expect([gate.running, gate.waiting]).toEqual([2, 2])
    const [leaveA, leaveB] = [await a, await b]
    leaveB?.()
    leaveA?.()
    await Promise.all([c, d])
    expect(order).toEqual(['a', 'b', 'c', 'd'])
    expect([gate.running, gate.waiting]).toEqual([2, 0])
  })

  it('gives one client a part of the queue only: others still find room', async () => {
    const gate = createGate({ running: 1, waiting: 8, perKey: 2 })
    const first = await gate.enter('flood')
    expect(gate.enter('flood')).toBeDefined()
    expect(gate.enter('flood')).toBeUndefined()
    expect(gate.enter('other')).toBeDefined()
    first?.()
  })

  it('has a line for known people: a flood of strangers neither fills it nor stands before it', async () => {
    const gate = createGate({ running: 1, waiting: 3, perKey: 9 })
    const order: string[] = []
    const leaves: (() => void)[] = []
    const enter = (name: string, line?: 'known'): boolean =>
      gate.enter(name, line)?.then((leave) => void (order.push(name), leaves.push(leave))) !== undefined
    const came = ['s0', 's1', 's2', 's3', 's4'].map((name) => enter(name))
    expect(came).toEqual([true, true, true, true, false])
    expect(['k0', 'k1', 'k2', 'k3'].map((name) => enter(name, 'known'))).toEqual([true, true, true, false])
    expect(gate.waiting).toBe(6)
    for (let i = 0; i < 7; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      leaves.shift()?.()
    }
    // in turn, so that a known person who signs in all day shuts no stranger out either
    expect(order).toEqual(['s0', 'k0', 's1', 'k1', 's2', 'k2', 's3'])
    expect([gate.running, gate.waiting]).toEqual([0, 0])
  })

  it('counts a client that leaves twice once', async () => {
    const gate = createGate({ running: 1, waiting: 0, perKey: 1 })
    const leave = await gate.enter('a')
    leave?.()
    leave?.()
    expect(gate.running).toBe(0)
    await gate.enter('a')
    expect(gate.enter('b')).toBeUndefined()
  })

  it('never lets more pass than it may, and is empty when all have left', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', '__proto__'), leave: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const bounds = { running: 3, waiting: 5, perKey: 4 }
        const gate = createGate(bounds)
        const inside: { key: string; leave: () => void }[] = []
        const waiting = new Set<Promise<void>>()
        for (const { key, leave } of steps) {
          if (leave) inside.shift()?.leave()
          else {
            const entered = gate.enter(key)
            const noted = entered?.then((out) => void inside.push({ key, leave: out }))
            if (noted !== undefined) waiting.add(noted)
          }
          await new Promise((resolve) => setImmediate(resolve))
          expect(inside.length).toBe(gate.running)
          expect(gate.running).toBeLessThanOrEqual(bounds.running)
          expect(gate.waiting).toBeLessThanOrEqual(bounds.waiting)
          for (const one of ['a', 'b', 'c', '__proto__'])
            expect(inside.filter((held) => held.key === one).length).toBeLessThanOrEqual(bounds.perKey)
          // nobody waits while there is room
          expect(gate.waiting === 0 || gate.running === bounds.running).toBe(true)
        }
        while (inside.length > 0) {
          inside.shift()?.leave()
          await new Promise((resolve) => setImmediate(resolve))
        }
        await Promise.all(waiting)
        expect([gate.running, gate.waiting]).toEqual([0, 0])
      }),
      { numRuns: 60 },
    )
  })
})
