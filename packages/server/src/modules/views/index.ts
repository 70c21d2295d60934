export { createViews, type Views } from './views.js'
