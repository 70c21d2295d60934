import type { AgentInputHealth, SourceHealth } from '@parapet/core'

/** A size in bytes, in the fewest words: `812 B`, `4.2 kB`, `1.3 GB`. */
export const bytes = (value: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = value
  let unit = 0
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1_000
    unit++
  }
  return `${unit === 0 || size >= 99.5 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ''}`
}

/** A lag in ms, in the fewest words: `40 ms`, `1.2 s`, `3 min`, `2 h`; a dash when nothing is known. */
export const lag = (ms: number | null): string => {
  if (ms === null) return '–'
  if (ms < 0) return 'clock ahead'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** What a source has lost, over all of its inputs and its spool: lines that nobody will see again. */
export const lostBy = (source: SourceHealth): number =>
  source.agent === null ? 0 : source.agent.inputs.reduce((sum, input) => sum + input.dropped, 0) + source.agent.spool.dropped

/** Why a source needs somebody, worst first; none when it does well. */
export const troubleOf = (source: SourceHealth): readonly ('lost' | 'silent' | 'agent-silent' | 'input-error' | 'behind' | 'rules')[] => {
  const { agent } = source
  return [
    ...(lostBy(source) > 0 ? (['lost'] as const) : []),
    ...(source.state === 'silent' ? (['silent'] as const) : []),
    ...(agent?.state === 'silent' ? (['agent-silent'] as const) : []),
    ...(agent?.inputs.some((input) => input.error !== null) === true ? (['input-error'] as const) : []),
    ...(agent?.inputs.some(isBehind) === true ? (['behind'] as const) : []),
    ...(agent !== null && agent.rules.problems > 0 ? (['rules'] as const) : []),
  ]
}

const BEHIND_BYTES = 10_000_000

/** True for an input that has much to read that it has not read. */
export const isBehind = (input: Pick<AgentInputHealth, 'behindBytes'>): boolean => (input.behindBytes ?? 0) >= BEHIND_BYTES

/** The sources as the page lists them: those that need somebody first, then by name. */
export const listSources = (sources: readonly SourceHealth[]): readonly SourceHealth[] => {
  const weight = (source: SourceHealth): number => {
    const [worst] = troubleOf(source)
    return worst === undefined ? 9 : ['lost', 'silent', 'agent-silent', 'input-error', 'behind', 'rules'].indexOf(worst)
  }
  return sources.toSorted((a, b) => weight(a) - weight(b) || a.name.localeCompare(b.name, 'en'))
}
