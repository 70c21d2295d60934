import { StringDecoder } from 'node:string_decoder'
import { InvalidArgumentError, Option } from 'commander'
import { type AddCommand, type CommandContext, examples, withJson } from '../command.js'
import { reportError, usageError } from '../errors.js'
import { EXIT, type ExitCode, exitHelp, worse } from '../exit-codes.js'
import type { MaskChoices } from '../masking/masker-options.js'
import type { MaskedFile } from '../masking/mask-file.js'
import { noticeTrailing } from '../log-input/notices.js'
import { escapeText } from '../output/escape.js'
import { plural } from '../output/format.js'
import type { Terminal } from '../output/terminal.js'
import { addMaskRules } from './mask-rules.js'

type MaskOptions = MaskChoices & { explain?: boolean; check?: boolean; json?: boolean }

/** What 0 and 1 mean here. */
export const MASK_EXIT_HELP: string = exitHelp(
  'done; with --check: nothing was found',
  '--check found something, or an example of rules test failed',
)

const readNames = (text: string, before: readonly string[] = []): string[] => {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('It takes ids of rules, with commas between.')
  return [...before, ...names]
}

const readKeepLast = (text: string): number => {
  if (!/^[0-8]$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 0 to 8.')
  return Number(text)
}

/**
 * Where masked bytes go. A pipe or a file gets them as they are; on a terminal everything that acts is shown as an escape, since
 * somebody else wrote the text.
 */
const createSink = (terminal: Terminal): { readonly write: (bytes: Uint8Array) => Promise<void>; readonly end: () => Promise<void> } => {
  if (!terminal.interactive.out) return { write: terminal.write, end: () => Promise.resolve() }
  const decoder = new StringDecoder('utf8')
  const show = async (text: string): Promise<void> => {
    if (text !== '') await terminal.write(text.replaceAll(/[^\n\t]+/g, escapeText))
  }
  return {
    write: (bytes) => show(decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))),
    end: () => show(decoder.end()),
  }
}

const mask =
  ({ terminal, env }: CommandContext) =>
  async (given: string[], options: MaskOptions): Promise<ExitCode> => {
    const json = options.json === true
    const told = options.explain === true || options.check === true
    if (json && !told) throw usageError('--json goes with --explain or --check: masked text is no JSON')
    const files = given.length === 0 ? ['-'] : given
    const [privacy, { maskerOptions }, { maskFile }, { createMaskReport, readSummary }, { createReadProgress }] = await Promise.all([
      import('@parapet/privacy'),
      import('../masking/masker-options.js'),
      import('../masking/mask-file.js'),
      import('../output/mask-report.js'),
      import('../output/progress.js'),
      // loaded here, so that it does not count as time of the first file
      import('@parapet/detect'),
    ])
    const set = privacy.builtInRuleSet()
    const built = await maskerOptions(options, env, set)
    const masker = privacy.createMasker(built)
    const titles = new Map([
      ['unscanned', 'Text that took too long to look through'],
      ...[...set.keys.groups, ...set.rules, ...(built.rules ?? [])].map(({ id, title }) => [id, title] as const),
    ])
    const report = createMaskReport(terminal, titles, json)
    const sink = createSink(terminal)
    if (files.includes('-') && terminal.stdin.isTTY && terminal.interactive.err)
      terminal.notice(terminal.errorColors.dim('Reading what is typed here; Ctrl-D ends it.'))

    const begun = performance.now()
    const done: MaskedFile[] = []
    let exit: ExitCode = EXIT.ok
    for (const path of files) {
      // output and progress on one terminal would write over each other
      const bar = terminal.interactive.out ? undefined : createReadProgress(terminal, path)
      try {
        done.push(
          await maskFile(path, {
            masker,
            stdin: terminal.stdin,
            ...(told ? { report: (findings) => terminal.print(report.lines(path, findings)) } : { write: sink.write }),
            onTrailing: () => noticeTrailing(terminal, path),
            onProgress: ({ bytes, total, lines }) => bar?.update(bytes, total, lines),
          }),
        )
      } finally {
        bar?.stop()
      }
    }
    await sink.end()
    const took = performance.now() - begun
    if (told) {
      if (done.some(({ error, bytes }) => error === undefined || bytes > 0)) await terminal.print(report.summary(done, took))
      if (options.check === true && report.found() > 0) exit = EXIT.findings
    } else if (terminal.interactive.err && !terminal.interactive.out) {
      const hidden = Object.values(masker.counts()).reduce((total, count) => total + count, 0)
      terminal.notice(terminal.errorColors.dim(`${plural(hidden, 'value')} hidden · ${readSummary(done, took)}`))
    }
    for (const { error } of done) if (error !== undefined) exit = worse(exit, await reportError(error, terminal, json))
    return exit
  }

/** `parapet mask`: text without personal data and secrets. */
export const addMask: AddCommand = (program, context) => {
  const command = program
    .command('mask')
    .summary('hide personal data and secrets in files and pipes')
    .description(
      'Copies files, or standard input, to standard output with personal data and secrets hidden. It works in pieces, whatever the size; ' +
        'bytes that are nothing sensitive stay as they are, JSON stays JSON, gzip is taken off, UTF-16 becomes UTF-8. Nothing is sent anywhere.',
    )
    .argument('[file...]', 'files, plain or gzip; - or none reads standard input')
    .option('--explain', 'instead of the text, say what was found: place, rule and action, never the value')
    .option('--check', 'like --explain, and exit with 1 when anything was found')
    .addOption(new Option('--action <kind>', 'do this with everything that is found').choices(['redact', 'mask', 'pseudonymize', 'drop']))
    .addOption(new Option('--keep-last <n>', 'trailing characters that --action mask leaves').argParser(readKeepLast))
    .addOption(new Option('--on <ids>', 'rules that are off otherwise, with commas').argParser(readNames))
    .addOption(new Option('--off <ids>', 'rules to leave out, or personal, secret').argParser(readNames))
    .option('--policy <file>', 'a policy in YAML: actions, roles, rules of your own')
    .option('--role <role>', 'what this role of the policy may see')
    .option('--pseudonym-key <place>', 'the key of pseudonyms: env:NAME or file:/path')
    .addHelpText(
      'after',
      `${examples([
        ['parapet mask app.log > app.masked.log', 'a log that may be handed on'],
        ['kubectl logs api -f | parapet mask', 'as it comes, line by line'],
        ['parapet mask --check logs/*.log', 'in CI: fail when something sensitive is there'],
        ['parapet mask --explain app.log --json | jq -r .rule', 'which rules found something'],
        ['parapet mask tickets.csv --policy privacy.yml --role support', 'as support sees it'],
        ['parapet mask users.json --action pseudonymize --pseudonym-key env:PSEUDONYMS', 'joinable, not readable'],
      ])}

A policy:
  on: [ipv4, ipv6]
  actions:
    personal: redact    # pseudonymize needs a key: --pseudonym-key
    payment-card: { action: mask, keep-last: 4 }
  allow: [noreply@example.org]
  roles:
    support: { personal: mask, secret: redact }
    admin: { personal: show }
  # rules: ./mask-rules    a directory of rules of your own

With --json every find is one line, then a summary:
  {"file","line","column","rule","title","kind","action"}
  {"summary":{"values","rules":{...},"files","lines","bytes"}}

${MASK_EXIT_HELP}
`,
    )
  command.usage('[options] [file...]\n       parapet mask rules list|explain|test [options]')
  withJson(command).action(context.run(mask(context)))
  addMaskRules(command, context)
}
