export { looksLikeAddress } from './addresses.js'
export { type Concealed, createConceal } from './conceal.js'
export { createFieldKinds } from './event-fields.js'
export { type Cell, type ContentMasker, createVault, type IndexedColumn, type Vault } from './vault.js'
