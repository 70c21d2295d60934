import type { MfaProof } from '@parapet/guard/mfa'

/** Six digits are a code of the app; everything else that is typed is taken for a recovery code. */
export const proofOf = (text: string): MfaProof => (/^\d{3} ?\d{3}$/.test(text) ? { code: text } : { recoveryCode: text })
