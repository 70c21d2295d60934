export { maskPino, type MaskedPinoOptions, type MaskPinoOptions } from './mask-pino.js'
