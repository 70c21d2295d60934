import { count, median, type Bench } from './harness.js'

const ROUNDS = 7
const LINES = 60_000
const FLOORS = { plain: 0.55, wildcards: 2.5 }
/** what CI asks for, on whatever machine it runs */
const GATES = { plain: 0.45, wildcards: 2 }

type Report = { speeds: Record<string, number[]>; bytes: number; leaks: number }

/** pino with masking beside plain pino and pino's own redaction, in one process and by turns; a ratio is that of one turn, the middle one counts. */
export const maskPino: Bench = {
  name: 'mask-pino',
  run: async ({ worker }) => {
    const { speeds, bytes, leaks } = (await worker('mask-pino', String(ROUNDS), String(LINES))).report as Report
    const ratio = (peer: string): number =>
      median((speeds['masked'] ?? []).map((speed, round) => speed / (speeds[peer]?.[round] ?? Number.NaN)))
    const toPlain = ratio('plain')
    const toWildcards = ratio('redact, 8 wildcards')
    return {
      text: [
        `a nested request of ${bytes} bytes a line, sink in memory`,
        ...Object.entries(speeds).map(([name, values]) => `${name}: ${count(median(values))} lines per CPU-second`),
      ],
      floors: [
        { what: 'values that leaked', measured: String(leaks), bound: '0', kept: leaks === 0 },
        {
          what: 'to plain pino',
          measured: `${toPlain.toFixed(2)}x`,
          bound: `at least ${FLOORS.plain}x`,
          kept: toPlain >= FLOORS.plain,
          gate: { bound: `at least ${GATES.plain}x`, kept: toPlain >= GATES.plain },
        },
        {
          what: "to pino's redact with 8 wildcards",
          measured: `${toWildcards.toFixed(2)}x`,
          bound: `at least ${FLOORS.wildcards}x`,
          kept: toWildcards >= FLOORS.wildcards,
          gate: { bound: `at least ${GATES.wildcards}x`, kept: toWildcards >= GATES.wildcards },
        },
      ],
    }
  },
}
