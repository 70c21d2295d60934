import type { QualityReport } from '@parapet/detect'
import { describe, expect, it } from 'vitest'
import { judgeQuality, poolQuality } from '../../bench/quality-floors.js'

const report = (classes: QualityReport['classes'], more: Partial<QualityReport> = {}): QualityReport => ({
  lines: 1_000,
  events: 900,
  cpuMs: 10,
  fired: 3,
  updated: 1,
  classes,
  campaigns: 0,
  found: 0,
  missed: [],
  benign: 50,
  accused: [],
  falseAlerts: 0,
  byRule: {},
  ...more,
})
const found = (campaigns: number, count: number, hostile = count, benign = 0) => ({ campaigns, found: count, hostile, benign })

describe('pooled seeds', () => {
  it('are one file: what is missed and listed adds up', () => {
    const pooled = poolQuality([
      report({ bf: found(100, 99), slow: found(10, 10, 10, 10) }, { missed: ['bf a'], accused: ['x'] }),
      report({ bf: found(100, 100) }, { falseAlerts: 2 }),
    ])
    expect(pooled).toMatchObject({ lines: 2_000, cpuMs: 20, fired: 6, benign: 100, accused: 1, falseAlerts: 2, missed: ['bf a'] })
    expect(pooled.classes).toEqual([
      { name: 'bf', campaigns: 200, found: 199, recall: 0.995, precision: 1 },
      { name: 'slow', campaigns: 10, found: 10, recall: 1, precision: 0.5 },
    ])
  })

  it('have no precision where no grave alert was made', () => {
    expect(poolQuality([report({ rate: found(5, 5, 0) })]).classes[0]?.precision).toBeUndefined()
  })
})

describe('the floors', () => {
  it('let one attack a file be cut short, and no more', () => {
    expect(judgeQuality(poolQuality([report({ bf: found(10, 9) })]), 1)).toEqual([])
    expect(judgeQuality(poolQuality([report({ bf: found(10, 8) })]), 1)).toEqual(['recall of bf: 8 of 10 (floor 0.99)'])
    expect(judgeQuality(poolQuality([report({ bf: found(10, 9) }), report({ bf: found(10, 9) })]), 2)).toEqual([])
  })

  it('let nobody be accused', () => {
    expect(judgeQuality(poolQuality([report({ bf: found(1, 1) }, { accused: ['100.64.0.1'] })]), 1)).toEqual([
      '1 benign addresses in alerts of level medium or above (floor 0)',
    ])
  })
})
