export { maskConsole } from './console.js'
export type { SurfaceMasker } from './surface-masker.js'
