export { type AlertFilter, type AlertInOrder, type AlertStore, createAlertStore } from './alert-store.js'
