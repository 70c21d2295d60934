export { keyFilePath } from './key-file.js'
export { openKeyring, type OpenedKeys } from './open-keyring.js'
export { type OpenedKeyset, openServerKeyset } from './open-server-keyset.js'
