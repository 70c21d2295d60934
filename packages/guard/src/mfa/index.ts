export {
  type FactorRecord,
  type FactorStore,
  memoryFactors,
  type PasskeyFactor,
  type RecoveryCodes,
  type StoredFactors,
  type TotpFactor,
} from './factor-store.js'
export { fromBase32, toBase32 } from './base32.js'
export { createMfa } from './mfa.js'
export { type FactorsPool, type PostgresFactors, postgresFactors, postgresFactorsSchema } from './postgres-factors.js'
export {
  matchTotp,
  otpauthUri,
  readCode,
  type TotpAlgorithm,
  totpCode,
  type TotpDigits,
  totpDrift,
  type TotpMatch,
  type TotpShape,
} from './totp.js'
export type {
  AssertionCheck,
  CompletionVerdict,
  EnrolmentBegun,
  EnrolmentEnd,
  EnrolmentStart,
  FactorKind,
  FactorSummary,
  FirstFactorVerdict,
  Mfa,
  MfaDegraded,
  MfaOptions,
  MfaProof,
  MfaReport,
  MfaVerdict,
  RecoveryIssue,
  Removal,
  RequiredVerdict,
  UsedFactor,
} from './types.js'
