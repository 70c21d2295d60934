export { createFactorStore } from './factor-store.js'
export { createFactors, type Factors, type Proof } from './factors.js'
