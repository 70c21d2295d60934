import { ParapetError } from '@parapet/core'
import { createPasswords, type Passwords } from '@parapet/guard/passwords'

/** Most characters; longer input is refused, never cut. */
const PASSWORD_MAX = 1_024

/** Hashes, checks and judges passwords: the guard's part. */
export type PasswordHasher = Passwords

/** Creates the hasher. Hashing is dear by design, so a flood of sign-ins may not use every core and all memory. */
export const createPasswordHasher = (limits: { concurrent?: number; waiting?: number } = {}): PasswordHasher =>
  createPasswords({
    maxLength: PASSWORD_MAX,
    contextWords: ['parapet'],
    maxHashing: limits.concurrent ?? 2,
    maxWaiting: limits.waiting ?? 64,
  })

/** Throws `PPT_INVALID` saying what is wrong with a new password; it never says the password. `previous` is the hash of the old one. */
export const assertPassword = async (
  passwords: Pick<PasswordHasher, 'judge'>,
  password: string,
  name: string,
  previous?: string,
): Promise<void> => {
  const verdict = await passwords.judge(password, { words: [name], previous })
  if (verdict.kind === 'refused') throw new ParapetError('PPT_INVALID', `password: ${verdict.message}`)
}
