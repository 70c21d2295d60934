import { readFile } from 'node:fs/promises'
import { type DecisionMode, ParapetError, type PolicyPreview, type PolicyView } from '@parapet/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ApiClient } from '../api/api-client.js'
import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, SERVER_HELP, withServer } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { readRuleNames } from '../log-input/rule-names.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { formatCount, formatTime, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'
import { wrap } from '../output/width.js'
import { askYes } from './ask.js'

type Options = { readonly url?: string; readonly json?: boolean }

const SHOWN = 20

const readDays = (text: string): number => {
  if (!/^[1-7]$/.test(text)) throw new InvalidArgumentError('It takes 1 to 7 days.')
  return Number(text)
}

const find = async (api: ApiClient, id: string): Promise<PolicyView> => {
  const { items } = await api.get<{ items: readonly PolicyView[] }>('v1/policies')
  const view = items.find((one) => one.id === id)
  if (view === undefined) throw new ParapetError('PPT_NOT_FOUND', `there is no policy ${id.slice(0, 100)}; parapet policies lists them`)
  return view
}

const placeOf = (id: string, rest: string): string => `v1/policies/${encodeURIComponent(id)}/${rest}`

const addList = (policies: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    policies
      .command('list', { isDefault: true })
      .summary('all policies, as they are asked')
      .description('Lists policies in the order in which they are asked: the first that matches an alert answers it.'),
  ).action(
    context.run(async (options: Options) => {
      const api = await openApiClient(context, options)
      const { items } = await api.get<{ items: readonly PolicyView[] }>('v1/policies')
      if (options.json === true) {
        for (const view of items) await terminal.print(toJsonLine(view))
        return EXIT.ok
      }
      const { dim, green, yellow, red } = terminal.colors
      const colorOf = (view: PolicyView | undefined): ((text: string) => string) => {
        if (view === undefined || view.problem !== null) return red
        return view.mode === 'enforce' ? green : yellow
      }
      const columns = [
        { title: 'policy' },
        { title: 'mode', style: (cell: string, row: number): string => colorOf(items[row])(cell) },
        { title: 'rules', align: 'right' as const },
        { title: '7 days', align: 'right' as const },
        { title: 'observed', align: 'right' as const },
        { title: 'title', shrinkTo: 12 },
      ]
      const rows = items.map((view) => [
        view.id,
        view.problem === null ? view.mode : 'broken',
        formatCount(view.rules.length),
        formatCount(view.rules.reduce((sum, rule) => sum + rule.decisions7d, 0)),
        formatCount(view.rules.reduce((sum, rule) => sum + rule.observed7d, 0)),
        view.title,
      ])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      for (const view of items.filter(({ problem }) => problem !== null))
        await terminal.print(`\n${red(escapeText(view.id))}: ${escapeText(view.problem ?? '')}`)
      return EXIT.ok
    }),
  )
}

const addShow = (policies: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    policies
      .command('show')
      .summary('one policy: what it does, for which rules')
      .description('Shows a policy in words, the rules that it answers, how, and what stands against enforcing them.')
      .argument('<policy>', 'its id'),
  ).action(
    context.run(async (id: string, options: Options) => {
      const api = await openApiClient(context, options)
      const view = await find(api, id)
      if (options.json === true) {
        await terminal.print(toJsonLine(view))
        return EXIT.ok
      }
      const { bold, dim, green, yellow } = terminal.colors
      const lines = [
        `${bold(escapeText(view.title))}  ${view.mode === 'enforce' ? green('enforce') : yellow('observe')}  ${dim(escapeText(view.origin))}`,
        ...wrap(escapeText(view.description), terminal.textWidth),
        '',
        ...view.inWords.flatMap((text) => wrap(`- ${escapeText(text)}`, terminal.textWidth)),
      ]
      if (view.rules.length > 0) {
        const columns = [
          { title: 'rule', shrinkTo: 16 },
          { title: 'mode' },
          { title: '7 days', align: 'right' as const },
          { title: 'observed', align: 'right' as const },
          { title: 'against enforcing', shrinkTo: 12 },
        ]
        const names = await readRuleNames()
        const rows = view.rules.map((one) => [
          names.nameOf(one.rule.id, one.rule.title),
          one.setBy === null ? one.mode : `${one.mode}, by ${one.setBy.name}`,
          formatCount(one.decisions7d),
          formatCount(one.observed7d),
          one.holds.join(' '),
        ])
        lines.push('', formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      }
      await terminal.print(lines.join('\n'))
      return EXIT.ok
    }),
  )
}

const addPreview = (policies: Command, context: CommandContext): void => {
  const { terminal } = context
  withServer(
    policies
      .command('preview')
      .summary('what it would have done in the last days')
      .description('Tries a policy on the alerts of the last days, also with another mode or as a file would have it. Nothing is done.')
      .argument('<policy>', 'its id')
      .addOption(new Option('--mode <mode>', 'as it would be with this mode').choices(['enforce', 'observe']))
      .addOption(new Option('--days <n>', 'so many days back').argParser(readDays).default(7))
      .option('--rule <id>', 'only the alerts of this rule')
      .option('--file <path>', 'as this file would have it'),
  ).action(
    context.run(async (id: string, options: Options & { mode?: DecisionMode; days: number; rule?: string; file?: string }) => {
      const source =
        options.file === undefined
          ? undefined
          : await readFile(options.file, 'utf8').catch((cause: unknown) => {
              throw new ParapetError('PPT_FILE_UNREADABLE', options.file, { cause })
            })
      const api = await openApiClient(context, options)
      const preview = await api.post<PolicyPreview>(placeOf(id, 'preview'), {
        days: options.days,
        ...(options.mode === undefined ? {} : { mode: options.mode }),
        ...(options.rule === undefined ? {} : { ruleId: (await readRuleNames()).idOf(options.rule) }),
        ...(source === undefined ? {} : { source }),
      })
      if (options.json === true) {
        await terminal.print(toJsonLine(preview))
        return EXIT.ok
      }
      const { bold, dim, red } = terminal.colors
      const hit = preview.signedIn === 0 ? 'nobody signed in from them' : red(`${plural(preview.signedIn, 'of them', 'of them')} signed in`)
      const lines = [
        `Of ${plural(preview.alerts, 'alert')} since ${formatTime(preview.since)} UTC it would have made ${bold(plural(preview.decisions, 'decision'))},`,
        `on ${plural(preview.addresses, 'address', 'addresses')} and ${plural(preview.users, 'user')}; ${hit}.`,
        `${formatCount(preview.protected)} protected, ${formatCount(preview.overBudget)} over the budget.${preview.whole ? '' : ' There was more history than was looked at.'}`,
      ]
      if (preview.examples.length > 0) {
        const columns = [
          { title: 'time (UTC)' },
          { title: 'target', shrinkTo: 12 },
          { title: 'action' },
          { title: 'outcome' },
          { title: 'signed in' },
          { title: 'rule', shrinkTo: 10 },
        ]
        const rows = preview.examples
          .slice(0, SHOWN)
          .map((one) => [
            formatTime(one.at),
            one.target.value,
            one.action,
            one.outcome.replace('_', ' '),
            one.signedIn ? 'yes' : '',
            one.rule,
          ])
        lines.push('', formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      }
      await terminal.print(lines.join('\n'))
      return EXIT.ok
    }),
  )
}

const addMode = (policies: Command, context: CommandContext, name: 'promote' | 'demote', mode: DecisionMode): void => {
  const { terminal } = context
  const command = withServer(
    policies
      .command(name)
      .summary(mode === 'enforce' ? 'let it enforce' : 'let it only observe')
      .description(
        mode === 'enforce'
          ? 'Lets a policy, or its answer to one rule, enforce. Says first what stands against it, and asks.'
          : 'Lets a policy, or its answer to one rule, only observe: what it would have done is recorded and shown.',
      )
      .argument('<policy>', 'its id')
      .option('--rule <id>', 'only its answer to this rule: its id or its short name'),
  )
  command.option('--yes', mode === 'enforce' ? 'do not ask, for programs' : 'taken as by promote: demote never asks')
  command.action(
    context.run(async (id: string, options: Options & { rule?: string; yes?: boolean }) => {
      const api = await openApiClient(context, options)
      const names = await readRuleNames()
      const ruleId = options.rule === undefined ? undefined : names.idOf(options.rule)
      if (mode === 'enforce' && options.yes !== true) {
        const view = await find(api, id)
        const against = view.rules.filter(({ rule, holds }) => holds.length > 0 && (ruleId === undefined || rule.id === ruleId))
        for (const { rule, holds } of against.slice(0, SHOWN))
          terminal.notice(`${terminal.errorColors.yellow(escapeText(names.nameOf(rule.id, rule.title)))}: ${escapeText(holds.join(' '))}`)
        if (against.length > SHOWN) terminal.notice(`and ${plural(against.length - SHOWN, 'more rule')}`)
        const what = options.rule === undefined ? `all of ${id}` : `${options.rule} by ${id}`
        const how = against.length === 0 ? '' : ', all the same'
        if (!(await askYes(terminal, `Enforce ${what}${how}?`))) {
          await terminal.print('Nothing was changed.')
          return EXIT.ok
        }
      }
      const view = await api.put<PolicyView>(placeOf(id, 'mode'), { mode, ...(ruleId === undefined ? {} : { ruleId }) })
      const said =
        options.rule === undefined ? `${escapeText(id)} is set to ${mode}.` : `${escapeText(id)} ${mode}s ${escapeText(options.rule)} now.`
      await terminal.print(options.json === true ? toJsonLine(view) : said)
      return EXIT.ok
    }),
  )
}

/** `parapet policies`: what alerts are answered with. */
export const addPolicies: AddCommand = (program, context) => {
  const policies = program
    .command('policies')
    .summary('how alerts are answered: observe, preview, promote')
    .description('Shows what alerts are answered with, tries it on the last days, and lets it enforce or only observe.')
  policies.usage('[COMMAND] [options]')
  addList(policies, context)
  addShow(policies, context)
  addPreview(policies, context)
  addMode(policies, context, 'promote', 'enforce')
  addMode(policies, context, 'demote', 'observe')
  policies.addHelpText(
    'after',
    `${examples([
      ['parapet policies preview observe --mode enforce', 'whom it would have blocked in the last seven days'],
      ['parapet policies promote observe --rule sql-injection', 'enforce it for one rule'],
      ['parapet policies demote brute-force', 'only write down what it would do'],
    ])}\n\n${SERVER_HELP}\n\n${EXIT_HELP}\n`,
  )
}
