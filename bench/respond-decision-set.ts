import { count, median, type Bench } from './harness.js'

const HELD = 100_000
const LOOKUPS = 1_000_000
const FLOORS = { megabytes: 50, perSecond: 1_000_000 }
/** what CI asks for, on whatever machine it runs */
const GATES = { megabytes: 60, perSecond: 400_000 }

type Found = {
  readonly held: number
  readonly megabytes: number
  readonly perSecond: readonly number[]
  readonly mapPerSecond: number
  readonly hits: number
}

/** A hundred thousand decisions in a guard: their memory, and look-ups of addresses among them beside a bare `Map` of strings. */
export const respondDecisionSet: Bench = {
  name: 'respond-decision-set',
  run: async ({ worker }) => {
    const found = (await worker('respond-decision-set', String(HELD), String(LOOKUPS))).report as Found
    const perSecond = median(found.perSecond)
    return {
      text: [
        `${count(found.held)} decisions held: ${found.megabytes.toFixed(1)} MB`,
        `look-ups by address as text: ${count(perSecond)} per CPU-second, ${(found.mapPerSecond / perSecond).toFixed(1)} times the time of a bare Map of strings`,
      ],
      floors: [
        {
          what: `megabytes of ${count(HELD)} decisions`,
          measured: found.megabytes.toFixed(1),
          bound: `at most ${FLOORS.megabytes}`,
          kept: found.held === HELD && found.megabytes <= FLOORS.megabytes,
          gate: { bound: `at most ${GATES.megabytes}`, kept: found.held === HELD && found.megabytes <= GATES.megabytes },
        },
        {
          what: 'look-ups per CPU-second',
          measured: count(perSecond),
          bound: `at least ${count(FLOORS.perSecond)}`,
          kept: found.hits > 0 && perSecond >= FLOORS.perSecond,
          gate: { bound: `at least ${count(GATES.perSecond)}`, kept: found.hits > 0 && perSecond >= GATES.perSecond },
        },
      ],
    }
  },
}
