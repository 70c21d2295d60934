import { type AddCommand, examples } from '../../command.js'
import { addKeysChange } from './change.js'
import { addKeysCreate } from './create.js'
import { addKeysDestroy } from './destroy.js'
import { addKeysList } from './list.js'
import { KEYS_EXIT_HELP, KEYS_HELP } from './options.js'
import { addKeysRotate } from './rotate.js'
import { addKeysScan } from './scan.js'
import { addKeysSeal } from './seal.js'

/** `parapet keys`: the keys that seal, and the columns they seal. */
export const addKeys: AddCommand = (program, context) => {
  const keys = program
    .command('keys')
    .summary('make, rotate and destroy keys; seal columns')
    .description(
      'Works on the keyset of an application and on the columns that it seals, without a server; with --data-dir on the keyset of a control ' +
        'plane, which follows by itself. Keys are never shown.',
    )
  keys.usage('COMMAND [options]')
  addKeysCreate(keys, context)
  addKeysList(keys, context)
  addKeysRotate(keys, context)
  addKeysChange(keys, context)
  addKeysDestroy(keys, context)
  addKeysScan(keys, context)
  addKeysSeal(keys, context)
  keys.addHelpText(
    'after',
    `${examples([
      ['parapet keys create --keyset keyset.json --new-kek /etc/shop/kek', 'the first key'],
      ['parapet keys seal users.phone', 'a column that stands in clear today'],
      ['parapet keys rotate', 'a new key, and everything under it, step by step'],
      ['parapet keys list --data-dir /var/lib/parapet', "the control plane's own keys"],
    ])}\n\n${KEYS_HELP}\n\n${KEYS_EXIT_HELP}\n`,
  )
}
