export { maskFormat, type MaskFormat } from './mask-format.js'
