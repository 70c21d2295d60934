import { openApiClient } from '../api/open-api-client.js'
import { type AddCommand, type CommandContext, examples, withJson } from '../command.js'
import { usageError } from '../errors.js'
import { EXIT, EXIT_HELP } from '../exit-codes.js'
import { toJsonLine } from '../output/escape.js'

/** Whether the first operator exists: the server that runs on this data directory knows, else its files tell. */
const isSetUp = async (env: CommandContext['env'], config: { readonly dataDir: string }): Promise<boolean> => {
  try {
    const client = await openApiClient({ env: { ...env, PARAPET_URL: undefined, PARAPET_TOKEN: undefined } }, {})
    return !(await client.get<{ needed: boolean }>('v1/setup')).needed
  } catch {
    const { isSetupOver } = await import('@parapet/server/config')
    return isSetupOver(config)
  }
}

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
      .option('--data-dir <dir>', 'of the control plane; PARAPET_DATA_DIR')
      .option('--config <file>', 'read this file; PARAPET_CONFIG, else parapet.yml in the data directory')
      .addHelpText('after', `${examples([['parapet init', 'the link of the last start was lost']])}\n\n${EXIT_HELP}\n`),
  ).action(
    run(async (options: { config?: string; dataDir?: string; json?: boolean }) => {
      const { createSetupLink, loadConfig } = await import('@parapet/server/config')
      const { config } = await loadConfig({
        env,
        ...(options.config === undefined ? {} : { file: options.config }),
        options: { dataDir: options.dataDir },
      })
      if (await isSetUp({ ...env, PARAPET_DATA_DIR: config.dataDir, PARAPET_PORT: String(config.port) }, config))
        throw usageError(
          `setup is done: sign in at ${config.publicUrl}; where nobody can any more, parapet operators recover lets an admin in again`,
        )
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
