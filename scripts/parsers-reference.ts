/** The page of parsers: what each reads, shown on samples that the tests read too. */
import { openParser, parsers } from '@parapet/detect'
import { SAMPLES } from '../packages/detect/src/parsers/fixtures/format-samples.js'

const NOW = Date.UTC(2026, 10, 21)
/** a fence longer than any run of backticks that a log line may hold */
const FENCE = '````'
const SHOWN = 4

const sectionOf = (name: string, samples: readonly string[]): string => {
  const parser = parsers.find((each) => each.name === name)
  if (parser === undefined) return ''
  const reader = openParser(parser)
  const events = samples.map((line) => reader.parse(line, { now: NOW })).filter((event) => event !== undefined)
  for (let event = reader.flush?.(); event !== undefined; event = reader.flush?.()) events.push(event)
  const fields = [...new Set(events.flatMap((event) => Object.keys(event).filter((field) => event[field] !== undefined)))].toSorted()
  const actions = [
    ...new Set(events.map((event) => `${event['event.category'] ?? 'none'} / ${event['event.action'] ?? 'none'}`)),
  ].toSorted()
  const [first] = events
  return [
    `## ${name}`,
    '',
    `Category and action of the samples: ${actions.map((each) => `\`${each}\``).join(', ')}.`,
    '',
    'Lines such as',
    '',
    `${FENCE}text`,
    ...samples.slice(0, SHOWN),
    FENCE,
    '',
    ...(first === undefined ? [] : ['The first event:', '', `${FENCE}json`, JSON.stringify(first, undefined, 2), FENCE, '']),
    `Fields that the samples fill: ${fields.map((field) => `\`${field}\``).join(', ')}.`,
    '',
  ].join('\n')
}

/** The page, without its head of a generated file. */
export const parsersPage = (): string => {
  const known = parsers.filter(({ name }) => (SAMPLES[name] ?? []).length > 0)
  const list = known.map(({ name }) => `[${name}](#${name.replaceAll('.', '')})`).join(', ')
  return [
    '# Log formats',
    '',
    'What `--format` takes, what an agent and the syslog door read, and what `auto` recognises. Events are flat ECS; `@timestamp` is milliseconds UTC. A line that a format does not know is counted, never an error; a line is read up to 8 KiB. Any other `log_format` of nginx or `LogFormat` of Apache is read with `--log-format`, any JSON or logfmt log with `--mapping`.',
    '',
    list,
    '',
    ...known.map(({ name }) => sectionOf(name, SAMPLES[name] ?? [])),
  ].join('\n')
}
