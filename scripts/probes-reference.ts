import { PROBES } from '@parapet/assess'

const FAMILIES: Readonly<Record<string, string>> = {
  address: 'Who somebody is taken for',
  'sign-in': 'Signing in',
  mfa: 'Second factors',
  session: 'Sessions',
  'cross-site': 'Other sites',
  links: 'Signed links',
  access: 'Who may open what',
  exposure: 'What is given away, and what comes in',
  headers: 'Headers',
}

const PACES = { quiet: 'side by side with others', loud: 'by itself, after the quiet ones', alone: 'alone' } as const

/** The page of all probes of `parapet attack`, from the probes themselves. */
export const probesPage = (): string => {
  const families = [...new Set(PROBES.map(({ family }) => family))]
  const sections = families.map((family) => {
    const probes = PROBES.filter((probe) => probe.family === family)
    const each = probes.map((probe) =>
      [
        `### ${probe.name}`,
        '',
        `${probe.title}. \`${probe.id}\` · **${probe.severity}** · [CWE-${probe.cwe}](https://cwe.mitre.org/data/definitions/${probe.cwe}.html)${probe.asvs.length === 0 ? '' : ` · ASVS ${probe.asvs.join(', ')}`}`,
        '',
        probe.why,
        '',
        `**Fix.** ${probe.fix}`,
        '',
        `**Needs** ${probe.needs.length === 0 ? 'nothing' : probe.needs.map((need) => `\`${need}\``).join(', ')}. Runs ${PACES[probe.pace]}; ${probe.kind}.`,
        '',
      ].join('\n'),
    )
    return `## ${FAMILIES[family] ?? family}\n\n${each.join('\n')}`
  })
  return `# The probes of \`parapet attack\`\n\n${PROBES.length} probes. What each needs is declared in the [target file](../guides/attack-your-application.md); without it the probe is skipped and says so. Severity is that of the probe as a whole; a finding may be less grave.\n\n${sections.join('\n')}`
}
