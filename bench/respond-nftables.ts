import { join } from 'node:path'
import { needs } from '@parapet/testkit'
import { type Bench, count, median, root } from './harness.js'

type Cost = { readonly ms: number; readonly cpu: number }
type Found = {
  readonly one: readonly number[]
  readonly singleTransactions: number
  readonly rounds: readonly {
    readonly applied: Cost
    readonly removed: Cost
    readonly bare: Cost
    readonly held: number
    readonly wanted: number
    readonly left: number
  }[]
  readonly roundTransactions: number
  readonly repairedMs: number
}

const SINGLES = 40

const inWords = ({ ms, cpu }: Cost): string => `${count(ms)} ms, ${cpu.toFixed(2)} CPU-seconds`
const at = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN

/** Bans in a real kernel by the agent's enforcer and helper, beside a bare `nft -f` of as many elements, in a network namespace. */
export const respondNftables: Bench = {
  name: 'respond-nftables',
  run: async (tools) => {
    const here = needs('root', 'network namespaces', 'nft')
    if (!here.ok)
      return {
        text: [`not measured${here.note}`],
        floors: [{ what: 'bans in nftables', measured: 'nothing', bound: 'nft', kept: false, gate: { bound: 'nothing', kept: true } }],
      }
    const bans = 50_000
    const worker = join(root, 'bench/workers/respond-nftables.js')
    const { output } = await tools.measure('unshare', ['-n', process.execPath, worker, String(bans), String(SINGLES)])
    const found = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Found
    const { rounds } = found
    const middle = (of: 'applied' | 'removed' | 'bare'): Cost => ({
      ms: median(rounds.map((round) => round[of].ms)),
      cpu: median(rounds.map((round) => round[of].cpu)),
    })
    const [applied, removed, bare] = [middle('applied'), middle('removed'), middle('bare')]
    const ratio = median(rounds.map((round) => round.applied.cpu / round.bare.cpu))
    const perTick = (found.singleTransactions + found.roundTransactions) / (SINGLES + 2 * rounds.length)
    const whole = rounds.every(({ held, wanted, left }) => held === wanted && wanted >= bans && left === 0)
    return {
      text: [
        `${count(bans)} bans applied in ${inWords(applied)}; a bare nft -f of as many: ${inWords(bare)}; the middle of ${rounds.length} rounds`,
        `all of them removed in ${inWords(removed)}`,
        `one ban with 10,000 held: p50 ${at(found.one, 0.5).toFixed(0)} ms, p99 ${at(found.one, 0.99).toFixed(0)} ms`,
        `after nft flush ruleset all was there again in ${count(found.repairedMs)} ms`,
      ],
      floors: [
        { what: 'transactions per tick', measured: perTick.toFixed(2), bound: 'one', kept: perTick === 1 },
        {
          what: 'held of what is wanted, and left after all was lifted',
          measured: rounds.map(({ held, wanted, left }) => `${count(held)} of ${count(wanted)}, ${left}`).join('; '),
          bound: 'all, and none',
          kept: whole,
        },
        {
          what: 'CPU time of that of a bare nft -f',
          measured: `${ratio.toFixed(2)}x`,
          bound: 'at most 4x',
          kept: ratio <= 4,
        },
        {
          what: 'time to apply',
          measured: `${count(applied.ms)} ms`,
          bound: 'at most 1,500 ms',
          kept: applied.ms <= 1_500,
          gate: { bound: 'nothing, printed', kept: true },
        },
        {
          what: 'time to remove',
          measured: `${count(removed.ms)} ms`,
          bound: 'at most 500 ms',
          kept: removed.ms <= 500,
          gate: { bound: 'nothing, printed', kept: true },
        },
        {
          what: 'time to repair',
          measured: `${count(found.repairedMs)} ms`,
          bound: 'at most 10,000 ms',
          kept: found.repairedMs <= 10_000,
          gate: { bound: 'at most 20,000 ms', kept: found.repairedMs < 20_000 },
        },
      ],
    }
  },
}
