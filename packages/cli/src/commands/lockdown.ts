import { formatDuration, type Lockdown, LOCKDOWN_MODES, type LockdownPreflight, type LockdownView, SECOND } from '@parapet/core'
import { type Command, Option } from 'commander'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, exitHelp } from '../exit-codes.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatCount, formatTime, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'
import { wrap } from '../output/width.js'
import { askYes } from './ask.js'

type Options = { readonly url?: string; readonly json?: boolean }

const left = (ms: number): string => formatDuration(Math.max(1, Math.round(ms / SECOND)) * SECOND)

const WAY_BACK =
  'It ends by itself unless it is confirmed. To end it now: parapet lockdown end, on the machine of the server or with a token that may.'

const saidOf = (lockdown: Lockdown, now: number): string => {
  const held = lockdown.confirmations === 0 ? 'not confirmed yet' : plural(lockdown.confirmations, 'confirmation')
  return `Lockdown ${lockdown.mode} by ${escapeText(lockdown.by.name)}: ends in ${left(lockdown.endsAt - now)} (${held}). ${escapeText(lockdown.reason)}`
}

const preflightLines = ({ problems, warnings, allowed, lastHour }: LockdownPreflight, context: CommandContext): string[] => {
  const { terminal } = context
  const { red, yellow, dim } = terminal.errorColors
  const paragraph = (text: string): string[] => wrap(escapeText(text), terminal.textWidth)
  return [
    `Of the last hour it would have refused ${formatCount(lastHour.refused)} of ${plural(lastHour.requests, 'request')}, and ${formatCount(lastHour.usersRefused)} of ${plural(lastHour.users, 'user')}.`,
    '',
    formatTable(
      [{ title: 'gets in all the same' }, { title: '', shrinkTo: 20 }],
      allowed.map(({ range, why }) => [range, why]),
      { width: terminal.width, styleTitle: dim },
    ),
    ...warnings.flatMap((text) => ['', ...paragraph(text).map(yellow)]),
    ...problems.flatMap((text) => ['', ...paragraph(text).map(red)]),
  ]
}

const addStart = (lockdown: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    lockdown
      .command('start')
      .summary('begin a lockdown, after showing what it means')
      .description(
        'Shows who gets in all the same and what it would have refused within the last hour, asks, and begins. Refused when it would shut out who asks.',
      )
      .addOption(new Option('--mode <mode>', 'how far it goes').choices([...LOCKDOWN_MODES]).default('known_users'))
      .option('--for <duration>', 'how long each confirmation holds', '1h')
      .requiredOption('--reason <text>', 'why, for the record and for whoever asks')
      .option('--incident <id>', 'the incident that it belongs to')
      .option('--dry-run', 'show what it means, and do nothing')
      .option('--yes', 'do not ask, for programs'),
  ).action(
    context.run(
      async (options: Options & { mode: string; for: string; reason: string; incident?: string; dryRun?: boolean; yes?: boolean }) => {
        const api = await openApiClient(context, options)
        const wish = { mode: options.mode, duration: options.for }
        const preflight = await api.post<LockdownPreflight>('v1/lockdown/preflight', wish)
        if (options.dryRun === true && options.json === true) await terminal.print(toJsonLine(preflight))
        else if (options.json !== true) for (const line of preflightLines(preflight, context)) terminal.notice(line)
        if (options.dryRun === true) return preflight.ok ? EXIT.ok : EXIT.findings
        if (preflight.ok && options.yes !== true && !(await askYes(terminal, `Begin the lockdown ${options.mode}?`))) {
          await terminal.print('Nothing was changed.')
          return EXIT.ok
        }
        const made = await api.post<Lockdown>('v1/lockdown', {
          ...wish,
          reason: options.reason,
          ...(options.incident === undefined ? {} : { incidentId: options.incident }),
        })
        if (options.json === true) await terminal.print(toJsonLine(made))
        else
          await terminal.print(
            [
              saidOf(made, context.now()),
              `Confirm it with ${terminal.colors.bold('parapet lockdown confirm')} within ${left(made.endsAt - context.now())}.`,
              ...wrap(WAY_BACK, terminal.textWidth),
            ].join('\n'),
          )
        return EXIT.ok
      },
    ),
  )
}

const addConfirm = (lockdown: Command, context: CommandContext): void => {
  withServer(
    lockdown
      .command('confirm')
      .summary('hold it for its time from now')
      .description('Confirms the lockdown: it holds for its duration from now, and ends then unless it is confirmed again.'),
  ).action(
    context.run(async (options: Options) => {
      const api = await openApiClient(context, options)
      const held = await api.post<Lockdown>('v1/lockdown/confirm', {})
      await context.terminal.print(options.json === true ? toJsonLine(held) : saidOf(held, context.now()))
      return EXIT.ok
    }),
  )
}

const addEnd = (lockdown: Command, context: CommandContext): void => {
  withServer(
    lockdown
      .command('end')
      .summary('end it everywhere')
      .description('Ends the lockdown at once.')
      .option('--reason <text>', 'why, for the record', 'ended from the command line'),
  ).action(
    context.run(async (options: Options & { reason: string }) => {
      const api = await openApiClient(context, options)
      const ended = await api.remove<Lockdown>('v1/lockdown', { reason: options.reason })
      await context.terminal.print(options.json === true ? toJsonLine(ended) : 'The lockdown is over.')
      return EXIT.ok
    }),
  )
}

const WHY: Readonly<Record<NonNullable<Lockdown['endedWhy']>, string>> = {
  ended: 'ended by hand',
  not_confirmed: 'nobody confirmed it',
  confirmation_lapsed: 'its confirmation lapsed',
}

/** `parapet lockdown`: the emergency stop, and how it ends. */
export const addLockdown: AddCommand = (program, context) => {
  const { terminal } = context
  const lockdown = program
    .command('lockdown')
    .summary('shut out everybody but those who run it, for a while')
    .description(
      'Begins, confirms and ends a lockdown. It ends by itself within two minutes unless it is confirmed, and each confirmation lapses too.',
    )
  lockdown.usage('[COMMAND] [options]')
  withServer(
    lockdown
      .command('status', { isDefault: true })
      .summary('whether there is one, and the latest')
      .description('Shows the lockdown in force, and the latest ones.'),
  ).action(
    context.run(async (options: Options) => {
      const api = await openApiClient(context, options)
      const view = await api.get<LockdownView>('v1/lockdown')
      if (options.json === true) {
        await terminal.print(toJsonLine(view))
        return EXIT.ok
      }
      await terminal.print(view.current === null ? 'There is no lockdown.' : terminal.colors.red(saidOf(view.current, context.now())))
      const past = view.latest.filter(({ endedAt }) => endedAt !== null)
      if (past.length === 0) return EXIT.ok
      const columns = [
        { title: 'begun (UTC)' },
        { title: 'mode' },
        { title: 'by', shrinkTo: 8 },
        { title: 'over because' },
        { title: 'reason', shrinkTo: 12 },
      ]
      const rows = past.map((one) => [
        formatTime(one.startedAt),
        one.mode,
        one.by.name,
        one.endedWhy === null ? '' : WHY[one.endedWhy],
        one.reason,
      ])
      await terminal.print(`\n${formatTable(columns, rows, { width: terminal.width, styleTitle: terminal.colors.dim })}`)
      return EXIT.ok
    }),
  )
  addStart(lockdown, context)
  addConfirm(lockdown, context)
  addEnd(lockdown, context)
  lockdown.addHelpText(
    'after',
    `${examples([
      ['parapet lockdown start --mode known_users --reason "bulk reads" --dry-run', 'what it would mean'],
      ['parapet lockdown start --mode read_only --for 30m --reason "stolen key"', 'begin; confirm it within two minutes'],
      ['parapet lockdown end', 'let everybody in again'],
    ])}\n\n${SERVER_HELP}\n\n${exitHelp('done', 'with --dry-run: something stands against it')}\n`,
  )
}
