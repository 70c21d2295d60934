import { nearest } from '@parapet/core'
import type { KeyGroup, MaskRule, RuleFile } from '@parapet/privacy'
import type { Command } from 'commander'
import { type CommandContext, examples, withJson } from '../command.js'
import { usageError } from '../errors.js'
import { EXIT, type ExitCode, exitHelp } from '../exit-codes.js'
import { readMaskRules } from '../masking/rule-places.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import { plural } from '../output/format.js'
import { formatTable } from '../output/table.js'
import { wrap } from '../output/width.js'

type Options = { builtin: boolean; json?: boolean; rules?: string }

const RULES_EXIT_HELP = exitHelp('done, and every example passed', 'an example failed')

/** A rule or a key group, as lists show them. */
type Listed = {
  readonly id: string
  readonly title: string
  readonly kind: string
  readonly action: string
  readonly on: boolean
  readonly finds: string
}

const ofRule = ({ id, title, kind, action, confidence }: MaskRule): Listed => ({
  id,
  title,
  kind,
  action,
  on: confidence !== 'low',
  finds: 'text',
})
const ofGroup = ({ id, title, kind, action, confidence }: KeyGroup): Listed => ({
  id,
  title,
  kind,
  action,
  on: confidence !== 'low',
  finds: 'key name',
})

const ownRules = async (place: string | undefined): Promise<readonly RuleFile[]> => (place === undefined ? [] : readMaskRules(place))

const list =
  ({ terminal }: CommandContext) =>
  async (place: string | undefined, options: Options): Promise<ExitCode> => {
    const { builtInRuleSet } = await import('@parapet/privacy')
    const set = builtInRuleSet()
    const own = (await ownRules(place)).flatMap(({ rules }) => rules)
    const rules = [...own, ...(options.builtin ? set.rules : [])].map(ofRule)
    const ids = new Set(rules.map(({ id }) => id))
    // a group that shares its id with a rule stands for the same thing
    const groups = options.builtin ? set.keys.groups.filter(({ id }) => !ids.has(id)).map(ofGroup) : []
    const listed = [...rules, ...groups].toSorted((a, b) => (a.kind === b.kind ? (a.id < b.id ? -1 : 1) : a.kind < b.kind ? -1 : 1))
    if (options.json === true) for (const rule of listed) await terminal.print(toJsonLine(rule))
    else {
      const { bold, dim, red, yellow } = terminal.colors
      const columns = [
        { title: 'kind', style: (cell: string, row: number) => (listed[row]?.kind === 'secret' ? red(cell) : yellow(cell)) },
        { title: 'rule', shrinkTo: 24, style: (cell: string, row: number) => (listed[row]?.on === true ? bold(cell) : dim(cell)) },
        { title: 'action' },
        { title: 'on', style: dim },
        { title: 'finds', style: dim },
        { title: 'title', shrinkTo: 12 },
      ]
      const rows = listed.map(({ kind, id, action, on, finds, title }) => [kind, id, action, on ? 'yes' : 'no', finds, title])
      await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      const off = listed.filter(({ on }) => !on).length
      await terminal.print(`\n${plural(listed.length, 'rule')}${off === 0 ? '' : dim(`, ${off} of them only with --on or a policy`)}`)
    }
    return EXIT.ok
  }

const WHEN = {
  high: 'on unless it is switched off',
  medium: 'on; it needs what stands beside the value to be sure',
  low: 'off unless --on or a policy names it',
} as const

const triggerOf = ({ trigger }: MaskRule): string => {
  if (trigger.kind === 'literal')
    return `text with ${trigger.literals.slice(0, 12).join(', ')}${trigger.literals.length > 12 ? ', ...' : ''}`
  return trigger.kind === 'at' ? 'text around an @' : `${trigger.least} to ${trigger.most} digits, separators between`
}

const findIn = (files: readonly RuleFile[], id: string): MaskRule | undefined =>
  files.flatMap(({ rules }) => rules).find((rule) => rule.id === id)

const explain =
  ({ terminal }: CommandContext) =>
  async (id: string, options: Options): Promise<ExitCode> => {
    const { builtInRuleSet, readRuleFiles } = await import('@parapet/privacy')
    const set = builtInRuleSet()
    const own = await ownRules(options.rules)
    const group = set.keys.groups.find((candidate) => candidate.id === id)
    const isBuiltIn = set.rules.some((rule) => rule.id === id)
    // the examples stand only in the files
    const rule = findIn(own, id) ?? (isBuiltIn ? findIn(readRuleFiles(), id) : undefined)
    if (rule === undefined && group === undefined) {
      const known = [...set.rules, ...set.keys.groups, ...own.flatMap(({ rules }) => rules)].map((each) => each.id)
      throw usageError(`there is no rule ${id.slice(0, 80)}; did you mean ${nearest(id, known) ?? '?'}?`)
    }
    if (options.json === true) {
      await terminal.print(toJsonLine({ ...(rule === undefined ? {} : { rule }), ...(group === undefined ? {} : { keys: group }) }))
      return EXIT.ok
    }
    const { bold, dim, red, yellow } = terminal.colors
    const section = (title: string, items: readonly string[]): string => {
      const shown = items.flatMap((item) => wrap(escapeText(item), terminal.textWidth - 2).map((line) => `  ${line}`))
      return shown.length === 0 ? '' : `\n\n${bold(title)}\n${shown.join('\n')}`
    }
    // patterns and examples are not broken into lines: every blank counts
    const verbatim = (title: string, items: readonly string[]): string =>
      `\n\n${bold(title)}\n${items.map((item) => `  ${escapeText(item)}`).join('\n')}`
    const { kind, title, action, confidence } = rule ?? (group as KeyGroup)
    const keep = (rule ?? (group as KeyGroup)).keepLast
    const parts = [
      `${kind === 'secret' ? red(bold('SECRET')) : yellow(bold('PERSONAL'))}  ${bold(escapeText(title))}\n${dim(`  ${escapeText(id)}`)}`,
      section('What is done', [action === 'mask' ? `mask, the last ${keep} characters stay` : action]),
      section('When', [WHEN[confidence]]),
    ]
    if (rule !== undefined) {
      parts.push(section('What it looks at', [triggerOf(rule)]), verbatim('Pattern', [rule.pattern]))
      if (rule.validator !== undefined) parts.push(section('Proven by', [rule.validator]))
      parts.push(verbatim('Hides something in', rule.match), verbatim('Leaves alone', rule.noMatch))
      if (rule.reference !== undefined) parts.push(section('See', [rule.reference]))
    }
    if (group !== undefined)
      parts.push(
        section('Values of keys that end in', [group.keys.join(', ')]),
        section('And of the keys', group.exact.length === 0 ? [] : [group.exact.join(', ')]),
        section('Not of', group.except.length === 0 ? [] : [group.except.join(', ')]),
      )
    await terminal.print(parts.join(''))
    return EXIT.ok
  }

/** One example that was run. */
type Result = {
  readonly rule: string
  readonly file: string
  readonly wants: 'match' | 'no match'
  readonly example: string
  readonly passed: boolean
}

const testAll = async (files: readonly RuleFile[]): Promise<readonly Result[]> => {
  const { createMasker } = await import('@parapet/privacy')
  return files.flatMap(({ file, rules }) =>
    rules.flatMap((rule) => {
      const masker = createMasker({ builtIn: false, rules: [rule], on: [rule.id], keysInText: false })
      const finds = (text: string): boolean => masker.explain(text).some((finding) => finding.rule === rule.id)
      const run = (wants: Result['wants'], texts: readonly string[]): Result[] =>
        texts.map((example) => ({ rule: rule.id, file, wants, example, passed: finds(example) === (wants === 'match') }))
      return [...run('match', rule.match), ...run('no match', rule.noMatch)]
    }),
  )
}

const test =
  ({ terminal }: CommandContext) =>
  async (place: string | undefined, options: Options): Promise<ExitCode> => {
    const { readRuleFiles } = await import('@parapet/privacy')
    const files = [...(await ownRules(place)), ...(options.builtin ? readRuleFiles() : [])]
    const results = await testAll(files)
    const failed = results.filter(({ passed }) => !passed)
    if (options.json === true) for (const result of results) await terminal.print(toJsonLine(result))
    else {
      const { red, green, bold, dim } = terminal.colors
      for (const { rule, file, wants, example } of failed) {
        const why = wants === 'match' ? 'finds nothing in' : 'finds something in'
        await terminal.print(`${red('failed')}  ${bold(escapeText(rule))} ${why}  ${dim(escapeText(file))}`)
        for (const line of wrap(escapeText(example), terminal.textWidth - 2)) await terminal.print(`  ${line}`)
      }
      const rules = files.reduce((total, file) => total + file.rules.length, 0)
      await terminal.print(
        `${plural(results.length, 'example')} of ${plural(rules, 'rule')}: ${failed.length === 0 ? green('all pass') : red(`${failed.length} failed`)}`,
      )
    }
    return failed.length > 0 ? EXIT.findings : EXIT.ok
  }

/** `mask` has --json as well, and takes it wherever it stands: what it took counts for the command below it. */
const withOptionsAbove =
  <A>(action: (argument: A, options: Options) => Promise<ExitCode>) =>
  (argument: A, _: Options, command: Command): Promise<ExitCode> =>
    action(argument, command.optsWithGlobals<Options>())

/** `parapet mask rules`: what is found, and proof that it is. */
export const addMaskRules = (mask: Command, context: CommandContext): void => {
  const rules = mask
    .command('rules')
    .summary('list, explain and test the masking rules')
    .description('Shows what is found, rule by rule. A file of that name is masked as ./rules.')
  rules.usage('list|explain|test [options]')
  withJson(
    rules
      .command('list')
      .summary('every rule and what it does')
      .description('Lists the rules that come with Parapet, the key names that it knows, and the rules of a directory.')
      .argument('[dir]', 'masking rules of your own')
      .option('--no-builtin', 'leave out the rules that come with Parapet'),
  ).action(context.run(withOptionsAbove(list(context))))
  withJson(
    rules
      .command('explain')
      .summary('one rule with its examples')
      .description('Says what a rule looks at, what it does and which examples it keeps to.')
      .argument('<id>', 'the id of a rule or a group of key names')
      .option('--rules <dir>', 'also look in this directory'),
  ).action(context.run(withOptionsAbove(explain(context))))
  withJson(
    rules
      .command('test')
      .summary("run every rule's own examples")
      .description('Runs the examples of each rule: texts in which it must find something, and texts in which it must not.')
      .argument('[dir]', 'masking rules of your own')
      .option('--no-builtin', 'leave out the rules that come with Parapet')
      .addHelpText(
        'after',
        `${examples([['parapet mask rules test ./mask-rules --no-builtin', 'before rules of your own go live']])}\n\n${RULES_EXIT_HELP}\n`,
      ),
  ).action(context.run(withOptionsAbove(test(context))))
  rules.addHelpText(
    'after',
    `${examples([
      ['parapet mask rules list', 'what is found'],
      ['parapet mask rules explain payment-card', 'when, and what is left alone'],
    ])}\n\n${RULES_EXIT_HELP}\n`,
  )
}
