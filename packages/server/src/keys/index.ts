export { keyFilePath } from './key-file.js'
export { createKeyring } from './keyring.js'
export { openKeyring, type OpenedKeys } from './open-keyring.js'
