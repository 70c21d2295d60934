import type { Probe } from '@parapet/assess'
import { plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import type { Terminal } from '../../output/terminal.js'

/** The probes by family: name, check, severity, and what each needs of the target file. */
export const formatProbes = (probes: readonly Probe[], terminal: Terminal): string => {
  const { bold, dim } = terminal.colors
  const families = [...new Set(probes.map(({ family }) => family))]
  const tables = families.map((family) => {
    const rows = probes
      .filter((probe) => probe.family === family)
      .map(({ name, id, severity, title, needs }) => [name, id, severity, title, needs.join(' ') || '-'])
    const columns = [
      { title: 'probe' },
      { title: 'check' },
      { title: 'severity' },
      { title: 'what it looks for', shrinkTo: 20 },
      { title: 'needs', shrinkTo: 12 },
    ]
    return `${bold(family)}\n${formatTable(columns, rows, { width: terminal.width, indent: 2, styleTitle: dim })}`
  })
  return `${tables.join('\n\n')}\n\n${plural(probes.length, 'probe')}`
}
