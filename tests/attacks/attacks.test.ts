import process from 'node:process'
import { type AttackReport, PROBES } from '@parapet/assess'
import { chooseFaults, FAULTS } from '@parapet/example-leaky'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedOf } from './support/expected.js'
import { figuresOf, foundIn } from './support/kit.js'
import { machine, openRange, type Range } from './support/range.js'

/** Both runs have to end within this time, ms. */
const LONGEST_MS = 180_000
/** A test may wait longer than that, so that it can say how long it took. */
const PATIENCE_MS = 600_000

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Verdicts of the studio that are neither a pass nor a finding, with the reason why that is well. */
const EXPLAINED: readonly { readonly probe: string; readonly because: RegExp; readonly why: string }[] = [
  {
    probe: 'csp-nonce',
    because: /no page that opens has a nonce/,
    why: 'the pages of the studio have no inline script, so that no policy needs a nonce',
  },
  {
    probe: 'enumeration-timing',
    because: /quiet machine/,
    why: 'a machine that runs other tests meanwhile is too unsteady to time answers',
  },
]

describe.skipIf(!machine.ok)(`the kit against the studio and against planted faults${machine.note}`, () => {
  let range: Range

  beforeAll(async () => {
    range = await openRange()
  }, 180_000)
  afterAll(() => range?.close(), 60_000)

  it(
    'finds nothing of level medium or above in the studio, and says of every probe what it saw',
    async () => {
      const report = await range.attack(undefined)
      say(figuresOf('studio', report))
      expect(report.findings.filter(({ severity }) => severity !== 'low' && severity !== 'info')).toEqual([])
      expect(report.statements.filter(({ verdict }) => verdict === 'error')).toEqual([])
      const open = report.statements.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'skipped')
      expect(open.filter(({ probe, because }) => !EXPLAINED.some((one) => one.probe === probe && one.because.test(because)))).toEqual([])
      expect(report.probes.map(({ probe }) => probe).toSorted()).toEqual(PROBES.map(({ name }) => name).toSorted())
      expect(report.took_ms).toBeLessThan(LONGEST_MS)
    },
    PATIENCE_MS,
  )

  const checkSet = (report: AttackReport, name: 'all' | 'apart'): void => {
    say(figuresOf(`leaky, ${name}`, report))
    const wanted = expectedOf(chooseFaults(name))
    const found = foundIn(report)
    expect(wanted.filter((one) => !found.includes(one))).toEqual([])
    expect(found.filter((one) => !wanted.includes(one))).toEqual([])
    expect(report.took_ms).toBeLessThan(LONGEST_MS)
  }

  it(
    'finds every fault that is planted in leaky where it is, and nothing else',
    async () => {
      checkSet(await range.attack('all'), 'all')
    },
    PATIENCE_MS,
  )

  it(
    'finds those that would hide others in a second run',
    async () => {
      const probes = [...new Set(chooseFaults('apart').map(({ probe }) => probe))]
      checkSet(await range.attack('apart', probes), 'apart')
    },
    PATIENCE_MS,
  )

  describe('each fault alone', () => {
    /** Neighbours that ask little: they run along, so that a fault which shows elsewhere as well is seen. */
    const BUSY = new Set([
      'enumeration-timing', 'step-up-missing', 'rotated-session', 'slow-body', 'huge-body', 'report-flood', 'path-traversal', 'open-redirect',
      'traceback', 'sql-error', 'debug-page', 'cross-site-form', 'cross-site-json', 'login-csrf', 'framing', 'header-injection', 'prototype-keys',
      'dotfiles', 'link-expired', 'link-tampered',
    ]) // prettier-ignore
    const isQuick = (name: string): boolean => !BUSY.has(name)

    it.each(FAULTS)(
      '$name is found by $probe, and by no other probe of its kind',
      async (fault) => {
        const family = PROBES.find(({ name }) => name === fault.probe)?.family
        const quiet = PROBES.filter((probe) => probe.family === family && probe.pace === 'quiet' && isQuick(probe.name)).map(
          ({ name }) => name,
        )
        const faults = chooseFaults([fault.name])
        const only = [...new Set([...faults.map(({ probe }) => probe), ...quiet])]
        const report = await range.attack([fault.name], only)
        const known = new Set(['slow-body @ /sign-in (slow body)'])
        const wanted = expectedOf(faults)
        expect(foundIn(report).filter((one) => wanted.includes(one) || !known.has(one))).toEqual(wanted)
      },
      180_000,
    )
  })
})
