import { type AddCommand, examples, withJson } from '../command.js'
import { usageError } from '../errors.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { formatBox } from '../output/box.js'
import { escapeText, toJsonLine } from '../output/escape.js'
import type { Terminal } from '../output/terminal.js'
import { stopSignal } from '../stop-signal.js'
import { VERSION } from '../version.js'

type ServeOptions = { config?: string; host?: string; port?: string; dataDir?: string; json?: boolean }

/** What a person needs to go on: the address and, before the first operator, the link. Both stand in lines of their own. */
const greeting = (terminal: Terminal, url: string, setupLink: string | undefined): string => {
  const { bold, cyan, dim, green } = terminal.colors
  if (!terminal.interactive.out) return [`listening  ${url}`, ...(setupLink === undefined ? [] : [`setup  ${setupLink}`])].join('\n')
  const head = `● Parapet ${VERSION} is running`
  const box = formatBox([head, `  ${url}`], {
    frame: dim,
    line: (text) => (text === head ? green('●') + bold(text.slice(1)) : `  ${cyan(url)}`),
  })
  if (setupLink === undefined) return `${box}\n${dim('Ctrl-C stops it.')}`
  // the link is longer than most boxes; broken over two lines it could not be clicked or copied
  return `${box}\n\n${bold('First operator:')} open this link, once, within a day\n${cyan(setupLink)}\n\n${dim('Ctrl-C stops it.')}`
}

/** `parapet serve`: the control plane. */
export const addServe: AddCommand = (program, { terminal, env, run }) => {
  withJson(
    program
      .command('serve')
      .summary('start the control plane and its console')
      .description(
        'Starts the control plane: the console, the API, detection and response. Without DATABASE_URL it runs a private PostgreSQL ' +
          'in its data directory. SIGTERM and Ctrl-C stop it; nothing acknowledged is lost.',
      )
      .option('--config <file>', 'read this file; PARAPET_CONFIG, else parapet.yml in the data directory')
      .option('--host <address>', 'listen here; beyond loopback only with TLS (PARAPET_HOST, 127.0.0.1)')
      .option('--port <port>', 'TCP port, 0 for a free one (PARAPET_PORT, 8700)')
      .option('--data-dir <dir>', 'keys and data (PARAPET_DATA_DIR)')
      .addHelpText(
        'after',
        `${examples([
          ['parapet serve', 'console on http://localhost:8700, data in the data directory'],
          ['DATABASE_URL=postgres://parapet@db/parapet parapet serve', 'with a PostgreSQL of your own'],
          ['parapet config explain', 'which settings it would run with'],
        ])}\n\nThe log goes to standard error, one JSON object a line.\n\n${EXIT_HELP}\n`,
      ),
  ).action(
    run(async (options: ServeOptions) => {
      if (options.port !== undefined && !/^\d{1,5}$/.test(options.port)) throw usageError('--port takes a number from 0 to 65535')
      const { loadConfig, startServer } = await import('@parapet/server')
      const { config } = await loadConfig({
        env,
        ...(options.config === undefined ? {} : { file: options.config }),
        options: { host: options.host, port: options.port === undefined ? undefined : Number(options.port), dataDir: options.dataDir },
      })
      const stop = stopSignal()
      const server = await startServer(config)
      try {
        await terminal.print(
          options.json === true
            ? toJsonLine({ url: server.url, ...(server.setupLink === undefined ? {} : { setupLink: server.setupLink }) })
            : greeting(terminal, escapeText(server.url), server.setupLink),
        )
        await stop
        if (terminal.interactive.err) terminal.notice(terminal.errorColors.dim('Stopping ...'))
      } finally {
        await server.stop()
      }
      return EXIT.ok
    }),
  )
}
