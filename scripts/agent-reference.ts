import { type Setting, SETTINGS, USUAL_FILES } from '@parapet/agent'

const shown = (value: Setting['fallback']): string =>
  value === null
    ? ''
    : typeof value === 'object'
      ? value.length === 0
        ? '`[]`'
        : value.map((one) => `\`${one}\``).join(', ')
      : `\`${String(value)}\``

/** The settings of the agent, from the list that reads them. */
export const agentPage = (): string => {
  const rows = SETTINGS.map(({ key, kind, fallback, means, least, most, oneOf }) => {
    const takes =
      oneOf === undefined ? (kind === 'number' ? `${least ?? 0} to ${most ?? ''}` : kind) : oneOf.map((one) => `\`${one}\``).join(', ')
    return `| \`${key}\` | ${takes} | ${shown(fallback)} | ${means.replaceAll('|', '\\|')} |`
  })
  return `# Settings of the agent

\`/etc/parapet/agent.yml\`, YAML. Unknown keys and values that do not fit are refused with their place; \`parapet agent --check\` says so without starting. \`[]\` marks a list of maps. Paths are absolute. How to use them: [the guide](../guides/agent.md).

| setting | takes | default | what for |
| --- | --- | --- | --- |
${rows.join('\n')}

Without \`files\`, and with no other input named, these are followed as far as they are there or come: ${USUAL_FILES.map((path) => `\`${path}\``).join(', ')}.
`
}
