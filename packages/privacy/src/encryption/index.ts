export { INDEX_PREFIX, indexKeyIdOf } from './blind-index/blind-index.js'
export { isSealedText, MAX_PLAIN_BYTES, TEXT_PREFIX } from './field/sealed-format.js'
export { createFileKek } from './kek/file-kek.js'
export { kekFromUri } from './kek/kek-from-uri.js'
export { kekFromMaster } from './kek/local-kek.js'
export { makeKey, rewrapKey, type WrappedKey } from './keyset/key-material.js'
export {
  addPending,
  checkSuccessor,
  destroyKey,
  disableKey,
  enableKey,
  primaryOf,
  promoteKey,
  replaceKek,
  SETTLE_MS,
  type UseProof,
} from './keyset/keyset-steps.js'
export { formatKeyset, parseKeyset, readKeyset } from './keyset/parse-keyset.js'
export { createKeyset, openKeyset, type OpenKeysetOptions } from './open-keyset.js'
export { createFileKeysetStore } from './stores/file-store.js'
export { createMemoryKeysetStore } from './stores/memory-store.js'
export { createMemoryTokenVault, type TokenRow, type TokenVault, VAULT_CELL } from './tokenizer/token-vault.js'
export { createTokenizer, type Tokenizer, type TokenizerOptions, type UnmaskRequest } from './tokenizer/tokenizer.js'
export type * from './types.js'
export { createSealedCodec, type PlainValue, type RowKey, type SealedCodec, type SealedCodecOptions } from '../sealed/codec.js'
export { createDualCodec, type DualCodec, type DualCodecOptions } from '../sealed/dual-codec.js'
