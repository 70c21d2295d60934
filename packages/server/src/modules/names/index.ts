export { createHintedView, NAMED, type NameView } from './name-view.js'
