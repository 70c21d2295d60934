import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { createSharedText, detached } from './shared-text.js'

describe('createSharedText', () => {
  it('gives exactly the text of the line, whatever came before', () => {
    const shared = createSharedText()
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.nat(80), fc.nat(80), (line, a, b) => {
        const [from, to] = [Math.min(a, b, line.length), Math.min(Math.max(a, b), line.length)]
        expect(shared(line, from, to)).toBe(line.slice(from, to))
      }),
    )
  })

  it('tells apart texts that share a place, such as versions that differ where nothing is sampled', () => {
    const shared = createSharedText()
    const agents = Array.from({ length: 20_000 }, (_, n) => `Mozilla/5.0 (X11) Version/${n % 997}.${n} Safari/${n}`)
    for (let round = 0; round < 2; round++) for (const agent of agents) expect(shared(`"${agent}"`, 1, agent.length + 1)).toBe(agent)
  })

  it('hands long and short texts through', () => {
    const shared = createSharedText()
    const long = 'x'.repeat(8_192)
    expect(shared(long, 0, long.length)).toBe(long)
    expect(shared('curl', 0, 4)).toBe('curl')
    expect(shared('curl', 2, 2)).toBe('')
  })
})

describe('detached', () => {
  it('copies Latin-1 and says so when it cannot copy the rest', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const copy = detached(text)
        expect(copy === undefined || copy === text).toBe(true)
        expect(copy === undefined).toBe(Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).some((c) => c > 255))
      }),
    )
  })
})
