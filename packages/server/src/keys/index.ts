export { keyFilePath } from './key-file.js'
export { openKeyring, type OpenedKeys } from './open-keyring.js'
