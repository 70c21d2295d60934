import { LEVELS } from '@parapet/core'
import type { RuleInfo } from '@parapet/detect'
import { Option } from 'commander'
import { type AddCommand, collect, type CommandContext, examples, withJson } from '../command.js'
import { usageError } from '../errors.js'
import { EXIT, EXIT_HELP, type ExitCode, exitHelp } from '../exit-codes.js'
import { loadRules, noticeProblems, PIPELINE_HELP, readAll } from '../log-input/rule-files.js'
import { escapeText, foldText, toJsonLine } from '../output/escape.js'
import { inLevelColor, plural } from '../output/format.js'
import { formatTable } from '../output/table.js'
import { wrap } from '../output/width.js'

type Options = { builtin: boolean; pipeline?: string[]; json?: boolean }

const byLevel = (a: RuleInfo, b: RuleInfo): number => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || (a.id < b.id ? -1 : 1)

const places = (directory: string | undefined): string[] => (directory === undefined ? [] : [directory])

const list =
  ({ terminal }: CommandContext) =>
  async (directory: string | undefined, options: Options): Promise<ExitCode> => {
    const { rules, problems } = await loadRules({ builtin: options.builtin, places: places(directory), pipelines: options.pipeline })
    noticeProblems(terminal, problems)
    const sorted = rules.rules.toSorted(byLevel)
    if (options.json === true) for (const rule of sorted) await terminal.print(toJsonLine(rule))
    else {
      const { bold, dim } = terminal.colors
      const shown = sorted.filter(({ alerts }) => alerts)
      const columns = [
        { title: 'level', style: (cell: string, row: number) => inLevelColor(terminal.colors, shown[row]?.level ?? 'low', cell) },
        { title: 'rule', shrinkTo: 20, style: bold },
        { title: 'name', shrinkTo: 12, style: dim },
      ]
      const rows = shown.map((rule) => [rule.level, rule.title, rule.name ?? rule.id])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      const parts = sorted.length - shown.length
      await terminal.print(
        `\n${plural(shown.length, 'rule')}${parts === 0 ? '' : dim(`, built on ${parts} more that do not alert by themselves`)}`,
      )
    }
    return problems.length > 0 ? EXIT.usage : EXIT.ok
  }

const test =
  ({ terminal }: CommandContext) =>
  async (directory: string | undefined, options: Options): Promise<ExitCode> => {
    const { testRules } = await import('@parapet/detect')
    const { rules, problems } = await loadRules({ builtin: options.builtin, places: places(directory), pipelines: options.pipeline })
    noticeProblems(terminal, problems)
    const results = testRules(rules)
    const failed = results.filter(({ passed }) => !passed)
    if (options.json === true) for (const result of results) await terminal.print(toJsonLine(result))
    else {
      const { red, green, yellow, dim, bold } = terminal.colors
      const verdicts = rules.rules.map((rule) => {
        const own = results.filter(({ ruleId }) => ruleId === rule.id)
        const bad = own.filter(({ passed }) => !passed).length
        return { rule, own, verdict: own.length === 0 ? 'none' : bad === 0 ? 'passed' : 'failed' }
      })
      const rows = verdicts.map(({ rule, own, verdict }) => [
        verdict === 'none' ? 'no examples' : verdict,
        `${own.filter(({ passed }) => passed).length}/${own.length}`,
        rule.title,
        rule.name ?? rule.id,
      ])
      const paint = { none: yellow, passed: green, failed: red }
      const columns = [
        { title: 'result', style: (cell: string, row: number) => paint[(verdicts[row]?.verdict ?? 'none') as keyof typeof paint](cell) },
        { title: 'examples', align: 'right' as const },
        { title: 'rule', shrinkTo: 20 },
        { title: 'name', shrinkTo: 12, style: dim },
      ]
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      for (const { ruleId, example, reason, file, line } of failed) {
        await terminal.print(
          `\n${red('failed')}  ${bold(escapeText(ruleId))}: ${escapeText(example)}  ${dim(escapeText(`${file}:${line}`))}`,
        )
        for (const line of wrap(escapeText(reason), terminal.textWidth - 2)) await terminal.print(`  ${line}`)
      }
      await terminal.print(
        `\n${plural(results.length, 'example')} of ${plural(rules.rules.length, 'rule')}: ${failed.length === 0 ? green('all pass') : red(`${failed.length} failed`)}`,
      )
    }
    if (problems.length > 0) return EXIT.usage
    return failed.length > 0 ? EXIT.findings : EXIT.ok
  }

const SEVERITIES = ['info', 'warning', 'error'] as const

const lint =
  ({ terminal }: CommandContext) =>
  async (
    given: readonly string[],
    options: { pipeline?: string[]; severity: (typeof SEVERITIES)[number]; json?: boolean },
  ): Promise<ExitCode> => {
    const { lintRules } = await import('@parapet/detect')
    const sources = await readAll(given)
    if (sources.length === 0) throw usageError(`there is no .yml file in ${given.join(', ')}`)
    const empty = sources.find(({ text }) => text.split('\n').every((line) => /^\s*(?:#.*|---.*)?$/.test(line)))
    if (empty !== undefined) throw usageError(`${empty.file} holds no rule`)
    const floor = SEVERITIES.indexOf(options.severity)
    const found = lintRules(sources, { pipelines: await readAll(options.pipeline ?? []) }).filter(
      ({ severity }) => SEVERITIES.indexOf(severity) >= floor,
    )
    const count = (severity: (typeof SEVERITIES)[number]): number => found.filter((each) => each.severity === severity).length
    if (options.json === true) for (const finding of found) await terminal.print(toJsonLine(finding))
    else {
      const { red, green, yellow, dim, bold } = terminal.colors
      const paint = { error: red, warning: yellow, info: dim }
      for (const { file, line, severity, code, message, fix } of found) {
        const place = escapeText(`${file}:${line}`)
        await terminal.print(`${bold(place)}  ${paint[severity](severity)}  ${escapeText(code)}`)
        for (const text of wrap(foldText(message), terminal.textWidth - 2)) await terminal.print(`  ${text}`)
        if (fix !== '') for (const text of wrap(escapeText(`Fix: ${fix}`), terminal.textWidth - 2)) await terminal.print(dim(`  ${text}`))
      }
      const summary = [plural(count('error'), 'error'), plural(count('warning'), 'warning'), plural(count('info'), 'remark')].join(', ')
      await terminal.print(
        `${found.length === 0 ? '' : '\n'}${plural(sources.length, 'file')}: ${found.length === 0 ? green('nothing to say') : summary}`,
      )
    }
    return count('error') + count('warning') > 0 ? EXIT.findings : EXIT.ok
  }

const explain =
  ({ terminal }: CommandContext) =>
  async (id: string, options: Options & { rules?: string }): Promise<ExitCode> => {
    const { explainRule } = await import('@parapet/detect')
    const { rules } = await loadRules({ builtin: options.builtin, places: places(options.rules), pipelines: options.pipeline })
    const rule = rules.rules.find((candidate) => candidate.id === id || candidate.name === id)
    if (rule === undefined) throw usageError(`there is no rule ${id}; parapet rules list shows them`)
    if (options.json === true) {
      await terminal.print(toJsonLine({ ...rule, inWords: explainRule(rules, rule.id) }))
      return EXIT.ok
    }
    const { bold, dim } = terminal.colors
    const text = (value: string): string =>
      wrap(foldText(value), terminal.textWidth - 2)
        .map((line) => `  ${line}`)
        .join('\n')
    const section = (title: string, items: readonly string[]): string =>
      items.length === 0 ? '' : `\n\n${bold(title)}\n${items.map(text).join('\n')}`
    await terminal.print(
      `${inLevelColor(terminal.colors, rule.level, bold(rule.level.toUpperCase()))}  ${bold(escapeText(rule.title))}\n${dim(`  ${escapeText(rule.name === undefined ? rule.id : `${rule.name}  ${rule.id}`)}`)}` +
        section('What it is about', [rule.description]) +
        section('When it fires', [explainRule(rules, rule.id)]) +
        section('May be harmless', rule.falsePositives) +
        section('Tags', rule.tags.length === 0 ? [] : [rule.tags.join(', ')]) +
        section('See', rule.references) +
        section('File', [rule.file]),
    )
    return EXIT.ok
  }

/** `parapet rules`: what is detected, and proof that it is. */
export const addRules: AddCommand = (program, context) => {
  const rules = program
    .command('rules')
    .summary('list, look over, test and explain the detection rules')
    .description('Shows what is detected, rule by rule.')
  rules.usage('list|lint|test|explain [options]')
  withJson(
    rules
      .command('list')
      .summary('every rule with its level')
      .description('Lists the rules that come with Parapet and those of a directory.')
      .argument('[dir]', 'Sigma rules of your own')
      .option('--pipeline <file>', PIPELINE_HELP, collect)
      .option('--no-builtin', 'leave out the rules that come with Parapet'),
  ).action(context.run(list(context)))
  withJson(
    rules
      .command('lint')
      .summary('what is wrong with rules of your own, with the fix')
      .description(
        'Looks rule files over: what cannot run and why, misspelt fields, selections that are never used or can never match, slow searches, missing examples.',
      )
      .argument('<place...>', 'rule files, or folders of them')
      .option('--pipeline <file>', PIPELINE_HELP, collect)
      .addOption(new Option('--severity <severity>', 'tell of this or worse').choices([...SEVERITIES]).default('info'))
      .addHelpText(
        'after',
        `${examples([
          ['parapet rules lint ./my-rules', 'before rules of your own go live'],
          ['parapet rules lint sigma/web --pipeline ours.yml --severity error', 'which public rules would not run here'],
        ])}\n\n${exitHelp('done, and there is no error and no warning', 'done, and there are errors or warnings')}\n`,
      ),
  ).action(context.run(lint(context)))
  withJson(
    rules
      .command('test')
      .summary("run every rule's own examples")
      .description('Runs the examples (x-tests) of each rule: events that must match and events that must not.')
      .argument('[dir]', 'Sigma rules of your own')
      .option('--pipeline <file>', PIPELINE_HELP, collect)
      .option('--no-builtin', 'leave out the rules that come with Parapet')
      .addHelpText(
        'after',
        `${examples([['parapet rules test ./my-rules --no-builtin', 'before rules of your own go live']])}\n\n${EXIT_HELP}\n`,
      ),
  ).action(context.run(test(context)))
  withJson(
    rules
      .command('explain')
      .summary('one rule in words')
      .description('Says what a rule is about, when it fires and what else may look like it.')
      .argument('<id>', 'its id or its short name')
      .option('--rules <dir>', 'also look in this directory')
      .option('--pipeline <file>', PIPELINE_HELP, collect)
      .option('--no-builtin', 'leave out the rules that come with Parapet'),
  ).action(context.run(explain(context)))
  rules.addHelpText(
    'after',
    `${examples([
      ['parapet rules list', 'what is detected'],
      ['parapet rules test', 'that it is'],
    ])}\n\n${EXIT_HELP}\n`,
  )
}
