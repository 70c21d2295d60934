import { type AddCommand, examples, withJson } from '../command.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { toJsonLine } from '../output/escape.js'

/** `parapet init`: a new one-time link for the first operator. */
export const addInit: AddCommand = (program, { terminal, env, run }) => {
  withJson(
    program
      .command('init')
      .summary('print a new one-time link for the first operator')
      .description(
        'Prepares the data directory and prints a new one-time link, good for a day, with which the first operator is made. ' +
          'Earlier links stop working. Whoever may write the data directory may do this.',
      )
      .option('--config <file>', 'read this file; PARAPET_CONFIG, else parapet.yml in the data directory')
      .addHelpText('after', `${examples([['parapet init', 'the link of the last start was lost']])}\n\n${EXIT_HELP}\n`),
  ).action(
    run(async (options: { config?: string; json?: boolean }) => {
      const { createSetupLink, loadConfig } = await import('@parapet/server/config')
      const { config } = await loadConfig({ env, ...(options.config === undefined ? {} : { file: options.config }) })
      const link = await createSetupLink(config)
      const { bold, cyan, dim } = terminal.colors
      if (options.json === true) await terminal.print(toJsonLine({ setupLink: link, dataDir: config.dataDir }))
      else if (!terminal.interactive.out) await terminal.print(`setup  ${link}`)
      else {
        await terminal.print(
          `${bold('One-time link for the first operator')}, good for a day:\n\n  ${cyan(link)}\n\n${dim('Start the server with parapet serve, then open it.')}`,
        )
      }
      return EXIT.ok
    }),
  )
}
