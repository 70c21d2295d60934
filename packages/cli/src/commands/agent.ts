import type { AgentIo, Ask } from '@parapet/agent'
import type { Command } from 'commander'
import { type AddCommand, type CommandContext, examples, withJson } from '../command.js'
import { EXIT, exitHelp } from '../exit-codes.js'
import type { Terminal } from '../output/terminal.js'
import { stopSignal } from '../stop-signal.js'
import { askYes } from './ask.js'

// `agent` has options of its own, and a command below it takes those of the same name
type Common = { config?: string; json?: boolean }
type Enrol = Common & { server: string; token: string; name?: string; pin?: string; trustAuthorities?: boolean }

const EXIT_HELP = exitHelp('done', 'status: the agent of this host does not run')

const ioOf = (terminal: Terminal): AgentIo => ({
  out: (text) => void terminal.print(text),
  err: terminal.notice,
  stopped: async () => {
    await stopSignal()
  },
})

/** Asks on the terminal; where nobody can be asked the answer is no. */
const askOn =
  (terminal: Terminal): Ask =>
  async (question) =>
    terminal.stdin.isTTY && terminal.interactive.err && askYes(terminal, question)

/** `parapet agent`: reads this host's logs and tells the control plane; installs, enrols and asks how it does. */
export const addAgent: AddCommand = (program, context: CommandContext) => {
  const { terminal, run } = context
  const io = ioOf(terminal)
  const agent = withJson(
    program
      .command('agent')
      .summary('read the logs of this host and notice its changes')
      .description(
        'Runs on a host: follows its logs through every rotation, takes syslog and journal, notices new listeners, cron jobs, units, keys and ' +
          'changed configuration, runs the rules that one host decides, and sends all of it to the control plane. What cannot be sent waits on disk.',
      )
      .option('--config <file>', 'settings; /etc/parapet/agent.yml')
      .option('--check', 'say whether the settings are good, and end')
      .addHelpText(
        'after',
        `${examples([
          [
            'parapet agent install --server https://parapet.example.org --token ppe_...',
            'set it up as a service; says first what it will do',
          ],
          ['parapet agent --check', 'are the settings good?'],
          ['parapet agent status', 'what it reads, what waits, what was lost'],
        ])}\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    run(async (options: Common & { check?: boolean }) => {
      const { runAction } = await import('@parapet/agent')
      await runAction(options, io)
      return EXIT.ok
    }),
  )
  withJson(
    agent
      .command('enrol')
      .summary('let this host in, once')
      .description(
        'Makes a key, sends its public half with a one-time token of the console, and keeps what comes back in a file that only the agent reads.',
      )
      .requiredOption('--server <url>', 'the control plane; https beyond this machine')
      .requiredOption('--token <token>', 'the one-time token that the console shows')
      .option('--name <name>', "what this host calls itself; the machine's name")
      .option('--pin <pin>', "the server's key, where no authority vouches for it: sha256/...")
      .option('--trust-authorities', 'trust certificates of this machine instead of one key')
      .option('--config <file>', 'settings; /etc/parapet/agent.yml')
      .addHelpText('after', `\n${EXIT_HELP}\n`),
  ).action(
    run(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Enrol>()
      const { enrolAction } = await import('@parapet/agent')
      await enrolAction(options, io)
      return EXIT.ok
    }),
  )
  withJson(
    agent
      .command('status')
      .summary('how the agent of this host does')
      .description('Shows what the running agent wrote about itself: inputs, what waits, what was lost and why.')
      .option('--config <file>', 'settings; /etc/parapet/agent.yml')
      .addHelpText('after', `\n${EXIT_HELP}\n`),
  ).action(
    run(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common>()
      const { statusAction } = await import('@parapet/agent')
      return statusAction(options, io) ? EXIT.ok : EXIT.findings
    }),
  )
  withJson(
    agent
      .command('install')
      .summary('set the agent up as a service')
      .description(
        'Makes a user without rights, a state folder, settings and a hardened systemd unit, enrols, and starts it. Says first what it will do, and asks.',
      )
      .option('--server <url>', 'enrol there')
      .option('--token <token>', 'the one-time token that the console shows')
      .option('--name <name>', "what this host calls itself; the machine's name")
      .option('--pin <pin>', "the server's key, where no authority vouches for it: sha256/...")
      .option('--trust-authorities', 'trust certificates of this machine instead of one key')
      .option('--root <dir>', 'write below this folder only, for packages')
      .option('--yes', 'do not ask, for programs')
      .addHelpText('after', `\n${EXIT_HELP}\n`),
  ).action(
    run(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Partial<Enrol> & { root?: string; yes?: boolean }>()
      const { installAction } = await import('@parapet/agent')
      await installAction(options, io, askOn(terminal))
      return EXIT.ok
    }),
  )
  withJson(
    agent
      .command('release')
      .summary('let everybody in at the firewall of this host')
      .description(
        'The way back in from the console of a host that locked you out: its firewall denies nothing from now on and for a while, whether agent and control plane live or not. Needs root.',
      )
      .option('--for <duration>', 'how long: 30m, 24h, 7d', '24h')
      .option('--end', 'deny again what is decided')
      .option('--config <file>', 'settings; /etc/parapet/agent.yml')
      .addHelpText('after', `\n${EXIT_HELP}\n`),
  ).action(
    run(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { for?: string; end?: boolean }>()
      const { releaseAction } = await import('@parapet/agent')
      await releaseAction(options, io)
      return EXIT.ok
    }),
  )
  withJson(
    agent
      .command('uninstall')
      .summary('take the agent away again')
      .description(
        'Stops the service and removes its unit. Its key, its settings and what it did not send stay, unless --purge is given. Says first what it will do.',
      )
      .option('--root <dir>', 'below this folder only')
      .option('--purge', 'the key, the settings, the state and the user too')
      .option('--yes', 'do not ask, for programs')
      .addHelpText('after', `\n${EXIT_HELP}\n`),
  ).action(
    run(async (options: { root?: string; yes?: boolean; purge?: boolean }) => {
      const { uninstallAction } = await import('@parapet/agent')
      await uninstallAction(options, io, askOn(terminal))
      return EXIT.ok
    }),
  )
}
