export { looksLikeAddress } from './addresses.js'
export { type Concealed, createConceal } from './conceal.js'
export { type Cell, type ContentMasker, createVault, type IndexedColumn, type Vault } from './vault.js'
