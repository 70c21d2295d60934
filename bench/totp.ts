import { count, median, type Bench } from './harness.js'

const ROUNDS = 7
const ROUND_MS = 150
const PER_SECOND = 50_000
const OF_PEER = 5

type Found = Readonly<Record<'right' | 'late' | 'wrong' | 'otplibRight' | 'otplibWrong', readonly number[]>>

/** The middle one of the ratios of each round: what else the machine did in a round met both. */
const ratio = (a: readonly number[], b: readonly number[]): number => median(a.map((value, i) => value / (b[i] ?? Number.NaN)))

/** Checks of a TOTP code from secret and typed text, with one step of skew, beside otplib; a wrong code is the dearest: all three steps. */
export const totp: Bench = {
  name: 'totp',
  run: async ({ worker }) => {
    const found = (await worker('totp', String(ROUNDS), String(ROUND_MS))).report as Found
    const each = (values: readonly number[]): string => count(median(values))
    const wrong = median(found.wrong)
    const [right, ofPeer] = [ratio(found.right, found.otplibRight), ratio(found.wrong, found.otplibWrong)]
    return {
      text: [
        `checks per CPU-second: a right code ${each(found.right)}, one a step late ${each(found.late)}, a wrong one ${each(found.wrong)}; ` +
          `otplib ${each(found.otplibRight)} right, ${each(found.otplibWrong)} wrong`,
      ],
      floors: [
        {
          what: 'wrong codes checked per CPU-second, three steps each',
          measured: count(wrong),
          bound: `at least ${count(PER_SECOND)}`,
          kept: wrong >= PER_SECOND,
          gate: { bound: `at least ${count(PER_SECOND / 2)}`, kept: wrong >= PER_SECOND / 2 },
        },
        {
          what: 'of the speed of otplib, wrong codes',
          measured: `${ofPeer.toFixed(1)}x`,
          bound: `at least ${OF_PEER}x`,
          kept: ofPeer >= OF_PEER,
          gate: { bound: 'at least 3x', kept: ofPeer >= 3 },
        },
        {
          what: 'of the speed of otplib, right codes',
          measured: `${right.toFixed(1)}x`,
          bound: `at least ${OF_PEER}x`,
          kept: right >= OF_PEER,
          gate: { bound: 'at least 3x', kept: right >= 3 },
        },
      ],
    }
  },
}
