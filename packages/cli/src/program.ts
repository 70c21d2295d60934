import { Command, CommanderError, type Help } from 'commander'
import { addActivity } from './commands/activity/index.js'
import { addAgent } from './commands/agent.js'
import { addAttack } from './commands/attack/index.js'
import { addConfig } from './commands/config.js'
import { addBlock } from './commands/block.js'
import { addDecisions } from './commands/decisions/index.js'
import { addDemo } from './commands/demo.js'
import { addDetect } from './commands/detect.js'
import { addEnforcers } from './commands/enforcers.js'
import { addIncident } from './commands/incident.js'
import { addInit } from './commands/init.js'
import { addKeys } from './commands/keys/index.js'
import { addLockdown } from './commands/lockdown.js'
import { addMask } from './commands/mask.js'
import { addNotifications } from './commands/notifications.js'
import { addOperators } from './commands/operators/index.js'
import { addParse } from './commands/parse.js'
import { addPolicies } from './commands/policies.js'
import { addRules } from './commands/rules.js'
import { addServe } from './commands/serve.js'
import { addSubjects } from './commands/subjects/index.js'
import { addTriage } from './commands/triage/index.js'
import { addUnblock } from './commands/unblock.js'
import { addWhy } from './commands/why.js'
import type { CommandContext } from './command.js'
import { Interrupted, reportError, usageError } from './errors.js'
import { EXIT, EXIT_HELP, type ExitCode, worse } from './exit-codes.js'
import { examples } from './command.js'
import { PipeClosed, type Terminal } from './output/terminal.js'
import { VERSION } from './version.js'

const DESCRIPTION = 'Protects web applications: reads logs for attacks, runs the control plane, shows and undoes what is blocked.'

/** `help [command]` beside `--help` would say everything twice. */
const styleHelp = (command: Command, terminal: Terminal): void => {
  const { bold, cyan } = terminal.colors
  command.helpCommand(false)
  command.configureHelp({
    styleTitle: (text: string) => bold(text),
    styleCommandText: (text: string) => cyan(text),
    styleSubcommandText: (text: string) => cyan(text),
    styleOptionText: (text: string) => cyan(text),
    styleArgumentText: (text: string) => cyan(text),
    styleDescriptionText: (text: string) => text,
    styleUsage: (text: string) => text,
    subcommandTerm: (sub: Command) => sub.name(),
    helpWidth: terminal.textWidth,
  } satisfies Partial<Help>)
}

/** The command that a line was meant for, as far as its words are known: `parapet rules test`. */
const meantCommand = (program: Command, argv: readonly string[]): string => {
  let command = program
  const names = [program.name()]
  for (const word of argv) {
    const next = command.commands.find((sub) => sub.name() === word)
    if (next === undefined) break
    command = next
    names.push(word)
  }
  return names.join(' ')
}

const applyToAll = (command: Command, apply: (command: Command) => void): void => {
  apply(command)
  for (const sub of command.commands) applyToAll(sub, apply)
}

/** Every command, none of them run yet. `setExit` gets what the action answers. */
export const createProgram = (context: CommandContext): Command => {
  const { terminal } = context
  const program = new Command('parapet').description(DESCRIPTION).version(VERSION, '-V, --version', 'print the version')
  program.option('--no-color', 'print without colours; NO_COLOR does the same')
  program.usage('COMMAND [options]')
  for (const add of [
    addDetect,
    addActivity,
    addTriage,
    addParse,
    addRules,
    addMask,
    addAttack,
    addKeys,
    addServe,
    addAgent,
    addDemo,
    addInit,
    addConfig,
    addOperators,
    addSubjects,
    addDecisions,
    addBlock,
    addUnblock,
    addWhy,
    addIncident,
    addNotifications,
    addPolicies,
    addEnforcers,
    addLockdown,
  ])
    add(program, context)
  program.addHelpText(
    'after',
    `${examples([
      ['parapet detect /var/log/auth.log', 'who attacked this host, with no server and nothing sent anywhere'],
      ['parapet serve', 'start the control plane on http://localhost:8700'],
      ['parapet why 203.0.113.7', 'everything behind a block, and how to undo it'],
    ])}\n\n${EXIT_HELP}\n`,
  )
  applyToAll(program, (command) => {
    styleHelp(command, terminal)
    command.exitOverride()
    command.configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
      // said by reportError, with code and fix
      outputError: () => undefined,
    })
  })
  return program
}

const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}

/** Commander's sentence without its own prefix; its suggestion stays. */
const usageSentence = (error: CommanderError): string => error.message.replace(/^error: /, '').replaceAll('\n', ' ')

/** Runs one command line and gives the exit code. Never rejects. */
export const runProgram = async (
  argv: readonly string[],
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExitCode> => {
  let exit: ExitCode = EXIT.ok
  const context: CommandContext = {
    terminal,
    env,
    now: Date.now,
    run:
      (action) =>
      async (...given) => {
        exit = worse(exit, await action(...given))
      },
  }
  const program = createProgram(context)
  /** The exit code, once everything printed has arrived somewhere. */
  const written = (code: ExitCode): Promise<ExitCode> =>
    terminal.settled().then(
      () => code,
      (error: unknown) => reportError(error, terminal, wantsJson(argv)),
    )
  try {
    if (argv.length === 0) {
      program.outputHelp()
      return await written(EXIT.ok)
    }
    await program.parseAsync([...argv], { from: 'user' })
    return await written(exit)
  } catch (error) {
    if (error instanceof PipeClosed) return exit
    if (error instanceof Interrupted) {
      terminal.notice(`\n${error.message}`)
      return EXIT.interrupted
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return written(EXIT.ok)
      if (error.code === 'commander.help') return EXIT.usage
      return reportError(usageError(usageSentence(error)), terminal, wantsJson(argv), `See ${meantCommand(program, argv)} --help.`)
    }
    return worse(exit, await reportError(error, terminal, wantsJson(argv)))
  }
}
