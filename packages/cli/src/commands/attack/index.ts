import { InvalidArgumentError, Option } from 'commander'
import { type AddCommand, examples } from '../../command.js'
import { exitHelp } from '../../exit-codes.js'

/** What the command line gives. */
export type AttackArguments = {
  target?: string
  only?: string[]
  skip?: string[]
  family?: string[]
  list?: boolean
  json?: boolean | string
  html?: string
  sarif?: string
  keepFacts?: boolean
  failOn: 'critical' | 'high' | 'medium' | 'low' | 'info'
  insecure?: boolean
  rate?: number
  maxRequests?: number
  browser?: string
  makeToken?: boolean
}

const readNames = (text: string, before: readonly string[] = []): string[] => {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('It takes names with commas between.')
  return [...before, ...names]
}

const readCount =
  (most: number) =>
  (text: string): number => {
    if (!/^[1-9]\d{0,6}$/.test(text) || Number(text) > most) throw new InvalidArgumentError(`It takes a whole number from 1 to ${most}.`)
    return Number(text)
  }

const EXIT_HELP = `${exitHelp(
  'every probe made its statement, and nothing at or above --fail-on was found',
  'something at or above --fail-on was found',
)}
  4  nothing at or above it was found, but some probes could make no statement`

/** `parapet attack`: tries at a running application what an attacker would. */
export const addAttack: AddCommand = (program, context) => {
  program
    .command('attack')
    .summary('try at your own application what an attacker would try')
    .description(
      'Attacks a running application of yours and says what it found, with the evidence and the fix. It guesses passwords, forges ' +
        'addresses, replays codes and posts from other sites, with the test accounts of a target file only. Loopback and private ' +
        'addresses may be attacked; any other host must agree first.',
    )
    .argument('[url]', 'where the application runs, such as http://localhost:3000')
    .option('--target <file>', 'what the kit has to know of it, in YAML: accounts, sign-in, pages')
    .addOption(new Option('--only <names>', 'these probes or checks only, with commas').argParser(readNames))
    .addOption(new Option('--skip <names>', 'all but these').argParser(readNames))
    .addOption(new Option('--family <names>', 'probes of these families only').argParser(readNames))
    .option('--list', 'show the probes and what each needs; nothing is sent')
    .option('--json [file]', 'the whole report as JSON, to a file or to standard output')
    .option('--html <file>', 'the report as one page to read and to print')
    .option('--sarif <file>', 'the findings as SARIF 2.1.0, for code hosts')
    .option('--keep-facts', 'keep in the JSON all that the probes saw, secrets that the target gave away among it')
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 from this severity on')
        .choices(['critical', 'high', 'medium', 'low', 'info'])
        .default('medium'),
    )
    .option('--insecure', 'accept any certificate of the target')
    .addOption(new Option('--rate <n>', 'requests a second; 200 otherwise').argParser(readCount(10_000)))
    .addOption(new Option('--max-requests <n>', 'requests in all; 20,000 otherwise').argParser(readCount(1_000_000)))
    .option('--browser <path>', 'Chromium, where it is not in a usual place')
    .option('--make-token', 'make a token and the text by which a host agrees')
    .addHelpText(
      'after',
      `${examples([
        ['parapet attack http://localhost:3000', 'what shows without knowing anything of it'],
        ['parapet attack https://localhost:8443 --target attack.yml --insecure', 'with accounts'],
        ['parapet attack http://10.0.0.7 --target attack.yml --html report.html', 'and a page'],
        ['parapet attack --list --family session', 'what would be tried'],
        ['parapet attack --make-token', 'for a host that is neither here nor private'],
      ])}

Environment:
  PARAPET_ASSESSMENT_TOKEN  the token of --make-token, for a host that shows
                            its hash

${EXIT_HELP}
`,
    )
    .action(
      context.run(async (url: string | undefined, options: AttackArguments) => {
        const { attack } = await import('./attack.js')
        return attack(context, url, options)
      }),
    )
}
