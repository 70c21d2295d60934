export { type AlertFilter, type AlertInOrder, type AlertStore, createAlertStore, spellings } from './alert-store.js'
