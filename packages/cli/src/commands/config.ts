import { type AddCommand, examples, withJson } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { toJsonLine } from '../output/escape.js'
import { formatTable } from '../output/table.js'

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** `parapet config explain`: every setting and where it came from. */
export const addConfig: AddCommand = (program, { terminal, env, run }) => {
  const config = program
    .command('config')
    .summary('show the settings and where each comes from')
    .description('Shows the settings of the control plane.')
  config.usage('explain [options]')
  withJson(
    config
      .command('explain')
      .summary('every setting, its value and where it came from')
      .description(
        'Prints every setting of the control plane, its value, and whether it is a default or comes from the file or the environment. Secrets are hidden.',
      )
      .option('--data-dir <dir>', 'of the control plane; PARAPET_DATA_DIR')
      .option('--config <file>', 'read this file; PARAPET_CONFIG, else parapet.yml in the data directory'),
  ).action(
    run(async (options: { config?: string; dataDir?: string; json?: boolean }) => {
      const { explainConfig, loadConfig } = await import('@parapet/server/config')
      const settings = explainConfig(
        await loadConfig({
          env,
          ...(options.config === undefined ? {} : { file: options.config }),
          options: { dataDir: options.dataDir },
        }),
      )
      if (options.json === true) for (const setting of settings) await terminal.print(toJsonLine(setting))
      else {
        const { bold, dim } = terminal.colors
        const columns = [
          { title: 'setting', style: bold },
          { title: 'value', shrinkTo: 20 },
          { title: 'from', shrinkTo: 10, style: (cell: string, row: number) => (settings[row]?.origin === 'default' ? dim(cell) : cell) },
        ]
        const rows = settings.map(({ key, value, origin, from }) => [key, shown(value), from ?? origin])
        await terminal.print(formatTable(columns, rows, { width: terminal.width, styleTitle: dim }))
      }
      return EXIT.ok
    }),
  )
  config.addHelpText('after', `${examples([['parapet config explain', 'what a server started here would run with']])}\n\n${EXIT_HELP}\n`)
}
