import { type Command, InvalidArgumentError, Option } from 'commander'
import { withJson } from '../../command.js'
import { exitHelp } from '../../exit-codes.js'

/** Where the keyset is and how it opens; options win over the environment. */
export type KeysOptions = {
  readonly keyset?: string
  readonly kek?: string
  readonly database?: string
  readonly dataDir?: string
  readonly audit?: string
  readonly json?: boolean
}

/** How fast rows are walked. */
export type PaceChoices = { readonly rowsPerSecond?: number; readonly batch?: number }

/** What 0 and 1 mean for these commands. */
export const KEYS_EXIT_HELP: string = exitHelp('done', 'scan found damaged values, or values of keys that the keyset does not have')

/** The environment of these commands. */
export const KEYS_HELP = `Environment:
  PARAPET_KEYSET  the keyset of an application, as --keyset
  PARAPET_KEK     what wraps its keys, as --kek
  DATABASE_URL    its database, as --database
  NODE_ENV        production refuses keysets made with --dev`

const readCount = (text: string): number => {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1 on.')
  return Number(text)
}

/** A key's id, as list shows it. */
export const readKeyId = (text: string): number => {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > 0xffff_ffff) throw new InvalidArgumentError('It takes the number of a key, as parapet keys list shows it.')
  return id
}

/** The options that name a keyset. */
export const withKeyset = (command: Command): Command =>
  withJson(command)
    .option('--keyset <file>', 'the keyset of an application: a file, or database for the table in its database')
    .option('--kek <uri>', 'what wraps its keys: file:/path, env:NAME, vault:..., aws-kms:...')
    .option('--data-dir <dir>', 'the keyset of the control plane of this directory instead')

/** The same for commands that change something: it is recorded. */
export const withRecord = (command: Command): Command =>
  withKeyset(command).option('--audit <file>', 'add what was done to this file, one JSON object a line')

/** The option that names the application's database. */
export const withDatabase = (command: Command): Command => command.option('--database <url>', "the application's PostgreSQL")

/** The options of commands that walk over rows. */
export const withPace = (command: Command): Command =>
  command
    .addOption(new Option('--rows-per-second <n>', 'no faster than this').argParser(readCount))
    .addOption(new Option('--batch <n>', 'rows in one statement (1000)').argParser(readCount))
