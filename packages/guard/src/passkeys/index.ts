export { type FactorRecord, type FactorStore, memoryFactors, type PasskeyFactor, type StoredFactors } from '../mfa/factor-store.js'
export { createPasskeys } from './passkeys.js'
export type {
  AuthenticationEnd,
  AuthenticationStart,
  Passkey,
  Passkeys,
  PasskeysDegraded,
  PasskeysOptions,
  PasskeysReport,
  RegistrationEnd,
  RegistrationStart,
} from './types.js'
