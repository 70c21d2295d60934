import { isAbsolute } from 'node:path'
import { type Clock, ParapetError } from '@parapet/core'
import type { KekProvider } from '../types.js'
import { createAwsKmsKek } from './aws-kms-kek.js'
import { createEnvKek } from './env-kek.js'
import { createFileKek } from './file-kek.js'
import type { RemoteDeps } from './remote.js'
import { createVaultKek } from './vault-kek.js'

/**
 * The KEK that a URI names: `file:/path`, `env:NAME`, `vault:https://host/mount/key`, `aws-kms:arn:...`. Nothing is read or
 * called yet, but for the variable of `env:`. Throws PPT_KEK for anything else.
 */
export const kekFromUri = (
  uri: string,
  deps: RemoteDeps & { readonly env: Readonly<Record<string, string | undefined>>; readonly clock?: Clock },
): KekProvider => {
  const colon = uri.indexOf(':')
  const rest = uri.slice(colon + 1)
  switch (uri.slice(0, colon)) {
    case 'file':
      if (!isAbsolute(rest) || rest.startsWith('//') || rest.includes('\0'))
        throw new ParapetError('PPT_KEK', 'file: takes an absolute path, as in file:/etc/parapet/kek')
      return createFileKek(rest)
    case 'env':
      // shorter than any key, so that a key pasted here is not taken for a name and repeated
      if (!/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(rest)) throw new ParapetError('PPT_KEK', 'env: takes the name of a variable')
      return createEnvKek(rest, deps.env)
    case 'vault':
      return createVaultKek(rest, deps.env, deps)
    case 'aws-kms':
      return createAwsKmsKek(rest, deps.env, deps)
    default:
      // a key pasted in place of a URI must not come back in a message
      throw new ParapetError('PPT_KEK', 'a KEK is named by file:, env:, vault: or aws-kms:')
  }
}
