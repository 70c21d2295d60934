import {
  type IncidentAct,
  type IncidentDetail,
  type IncidentRequest,
  INCIDENT_STATUSES,
  type IncidentStatus,
  type IncidentView,
  type Level,
  LEVELS,
  type Page,
} from '@parapet/core'
import { type Command, Option } from 'commander'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, collect, type CommandContext, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatTime, inLevelColor, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'
import type { Terminal } from '../output/terminal.js'
import { wrap } from '../output/width.js'

type Options = { readonly url?: string; readonly json?: boolean }

const ID_HELP = 'its number, such as 7 or INC-7, or its id'
const numberOf = ({ number }: IncidentView): string => `INC-${number}`

const showDetail = ({ incident, timeline, lockdownOffered }: IncidentDetail, terminal: Terminal): string => {
  const { bold, dim } = terminal.colors
  const level = inLevelColor(terminal.colors, incident.severity, incident.severity)
  const lines = [
    bold(`${numberOf(incident)}  ${escapeText(incident.title)}`),
    `${level}, ${incident.status}, opened ${formatTime(incident.openedAt)} UTC by ${escapeText(incident.openedBy.name)}, ` +
      (incident.assignee === null ? 'nobody’s' : `${escapeText(incident.assignee.name)}’s`),
  ]
  const named = (what: string, values: readonly string[]): void => {
    if (values.length > 0) lines.push(...wrap(`${what}: ${escapeText(values.join(', '))}`, terminal.textWidth))
  }
  named('users', incident.subjects)
  named('addresses', incident.addresses)
  lines.push(`${plural(incident.alerts, 'alert')}, ${plural(incident.decisions, 'decision')}`, '')
  for (const { at, by, kind, text } of timeline) {
    const [first = '', ...rest] = wrap(escapeText(text), terminal.textWidth - 4)
    lines.push(
      `${dim(formatTime(at))}  ${kind}${by === null ? '' : ` by ${escapeText(by.name)}`}`,
      ...[first, ...rest].map((line) => `    ${line}`),
    )
  }
  if (lockdownOffered) lines.push('', 'A lockdown is offered: parapet lockdown start --help')
  return lines.join('\n')
}

const addList = (parent: Command, context: CommandContext): void => {
  const { terminal, run } = context
  withServer(
    parent
      .command('list', { isDefault: true })
      .summary('incidents, the newest first')
      .description('Lists incidents, the newest first: those that are open, unless a status is given.')
      .addOption(new Option('--status <status>', 'this one; may be given again').choices(INCIDENT_STATUSES).argParser(collect))
      .addOption(new Option('--severity <level>', 'this one or worse').choices(LEVELS)),
  ).action(
    run(async (options: Options & { readonly status?: readonly string[]; readonly severity?: string }) => {
      const api = await openApiClient(context, options)
      const statuses: readonly string[] = options.status ?? ['open', 'contained']
      const found: IncidentView[] = []
      for (const status of new Set(statuses)) {
        const page: Page<IncidentView> = await api.get('v1/incidents', { status, severity: options.severity, limit: '100' })
        found.push(...page.items)
      }
      found.sort((a, b) => b.number - a.number)
      if (options.json === true) {
        for (const each of found) await terminal.print(toJsonLine(each))
        return EXIT.ok
      }
      if (found.length === 0) {
        await terminal.print(options.status === undefined ? 'No incident is open.' : 'There are none of these.')
        return EXIT.ok
      }
      const { dim } = terminal.colors
      const columns = [
        { title: 'number' },
        { title: 'severity', style: (cell: string, row: number) => inLevelColor(terminal.colors, found[row]?.severity ?? 'low', cell) },
        { title: 'status' },
        { title: 'opened (UTC)' },
        { title: 'whose', shrinkTo: 8 },
        { title: 'title', shrinkTo: 16 },
      ]
      const rows = found.map((each) => [
        numberOf(each),
        each.severity,
        each.status,
        formatTime(each.openedAt),
        each.assignee?.name ?? 'nobody',
        each.title,
      ])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      return EXIT.ok
    }),
  )
}

const printed = async (detail: IncidentDetail, options: Options, terminal: Terminal): Promise<void> =>
  terminal.print(options.json === true ? toJsonLine(detail) : showDetail(detail, terminal))

const addShow = (parent: Command, context: CommandContext): void => {
  const { terminal, run } = context
  withServer(
    parent
      .command('show')
      .summary('one with its timeline')
      .description('Shows an incident with its timeline.')
      .argument('<incident>', ID_HELP),
  ).action(
    run(async (id: string, options: Options) => {
      const api = await openApiClient(context, options)
      await printed(await api.get<IncidentDetail>(`v1/incidents/${encodeURIComponent(id)}`), options, terminal)
      return EXIT.ok
    }),
  )
}

type OpenOptions = Options & {
  readonly severity: Level
  readonly alert?: readonly string[]
  readonly user?: readonly string[]
  readonly address?: readonly string[]
}

const addOpen = (parent: Command, context: CommandContext): void => {
  const { terminal, run } = context
  withServer(
    parent
      .command('open')
      .summary('open one by hand')
      .description('Opens an incident; everything else can be added later.')
      .argument('<title>', 'what happened, in a line')
      .addOption(new Option('--severity <level>', 'how bad it is').choices(LEVELS).default('high'))
      .option('--alert <id>', 'an alert that belongs to it; may be given again', collect)
      .option('--user <name>', 'a user that it is about; may be given again', collect)
      .option('--address <address>', 'an address that it is about; may be given again', collect),
  ).action(
    run(async (title: string, options: OpenOptions) => {
      const request: IncidentRequest = {
        title,
        severity: options.severity,
        ...(options.alert === undefined ? {} : { alertIds: options.alert }),
        ...(options.user === undefined ? {} : { subjects: options.user }),
        ...(options.address === undefined ? {} : { addresses: options.address }),
      }
      const api = await openApiClient(context, options)
      await printed(await api.post<IncidentDetail>('v1/incidents', request), options, terminal)
      return EXIT.ok
    }),
  )
}

const addAct = (
  parent: Command,
  context: CommandContext,
  about: {
    readonly name: string
    readonly summary: string
    readonly argument: readonly [string, string]
    readonly choices?: readonly string[]
  },
  actOf: (word: string, text: string | undefined) => IncidentAct,
): void => {
  const { terminal, run } = context
  const command = parent
    .command(about.name)
    .summary(about.summary)
    .description(`${about.summary[0]?.toUpperCase() ?? ''}${about.summary.slice(1)}. It stands in the timeline, which nobody can change.`)
    .argument('<incident>', ID_HELP)
  const argument = command.createArgument(...about.argument)
  command.addArgument(about.choices === undefined ? argument : argument.choices(about.choices))
  if (about.choices !== undefined) command.option('--text <text>', 'why, for whoever reads it later')
  withServer(command).action(
    run(async (id: string, word: string, options: Options & { readonly text?: string }) => {
      const api = await openApiClient(context, options)
      const act = actOf(word, options.text)
      await printed(await api.post<IncidentDetail>(`v1/incidents/${encodeURIComponent(id)}/act`, act), options, terminal)
      return EXIT.ok
    }),
  )
}

/** `parapet incident`: what happened, who works on it, and everything that was done. */
export const addIncident: AddCommand = (program, context) => {
  const incident = program
    .command('incident')
    .summary('what happened, and everything that was done about it')
    .description('Shows incidents and writes into their timelines.')
    .usage('[list|show|open|note|status] [options]')
    .addHelpText(
      'after',
      `${examples([
        ['parapet incident', 'what is open'],
        ['parapet incident show 7', 'its timeline'],
        ['parapet incident note 7 "The user confirms that it was not him."', 'for whoever comes next'],
        ['parapet incident status 7 contained --text "Suspended, keys replaced."', 'where it stands'],
      ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
    )
  addList(incident, context)
  addShow(incident, context)
  addOpen(incident, context)
  addAct(
    incident,
    context,
    { name: 'note', summary: 'write into its timeline', argument: ['<text>', 'what you found or did'] },
    (text) => ({
      act: 'note',
      text,
    }),
  )
  addAct(
    incident,
    context,
    { name: 'status', summary: 'say where it stands', argument: ['<status>', 'where it stands now'], choices: INCIDENT_STATUSES },
    (status, text) => ({ act: 'status', status: status as IncidentStatus, ...(text === undefined ? {} : { text }) }),
  )
}
