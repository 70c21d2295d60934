import { type Command, InvalidArgumentError } from 'commander'
import type { ExitCode } from './exit-codes.js'
import type { Terminal } from './output/terminal.js'

/** What every command gets from outside. */
export type CommandContext = {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
  /** a command's action: its answer becomes the exit code of the process */
  readonly run: <A extends readonly unknown[]>(action: (...given: A) => Promise<ExitCode>) => (...given: A) => Promise<void>
}

/** Adds one command to the program. Engines are imported inside its action, so that `--help` loads none. */
export type AddCommand = (program: Command, context: CommandContext) => void

/** The option that every command has. */
export const withJson = (command: Command): Command => command.option('--json', 'print JSON, one object a line, for programs')

/** The options of commands that speak to a control plane. */
export const withServer = (command: Command): Command =>
  withJson(command).option('--url <url>', 'the control plane; PARAPET_URL, else the server of this machine')

/** The paragraph of such a command's help. */
export const SERVER_HELP = `Environment:
  PARAPET_URL    the control plane, such as https://parapet.example.org
  PARAPET_TOKEN  a token from the console. On the machine of the server none is
                 needed by who may read its data directory`

/** A section of examples as `--help` shows it: the command line, then what it is for. */
export const examples = (list: readonly (readonly [string, string])[]): string =>
  `\nExamples:\n${list.map(([line, purpose]) => `  $ ${line}\n      ${purpose}`).join('\n')}`

/** The parser of an option that may be given again: a list of what was given. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** The parser of a limit for which 0 means all. */
export const readLimit = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number; 0 means all.')
  return text === '0' ? Number.POSITIVE_INFINITY : Number(text)
}
