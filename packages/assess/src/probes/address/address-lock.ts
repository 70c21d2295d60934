import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import { attempt, nobodysName, wrongPassword, type Attempt } from '../sign-in/attempts.js'

/** Failures after which most locks of an address hold; of names that nobody has, so that no account is locked. */
const FAILURES = 22

/** What many failures from one place led to. */
export type AddressLock = {
  readonly failures: number
  /** the right password of an account from that place, after them */
  readonly locked: Attempt
}

/** True when the right password was kept out: the lock of the address is to be seen. */
export const isLocked = ({ locked }: AddressLock): boolean => locked.end.kind === 'refused' || locked.end.kind === 'limited'

/**
 * Fails at sign-in with names that nobody has, until the address is locked or it is clear that it never is, and shows it with the right
 * password of an account that nothing else was tried on. `visitor(i)` is who fails the i-th time; `last` is who then knows the password.
 */
export const lockAddress = async (
  context: ProbeContext,
  account: Account,
  visitor: (index: number) => ProbeClient,
  last: ProbeClient,
): Promise<AddressLock> => {
  let failures = 0
  for (let limits = 0; failures < FAILURES && limits < 3; failures++) {
    const nobody = { name: nobodysName(context, account.name), password: account.password }
    const one = await attempt(context, visitor(failures), nobody, wrongPassword(context))
    limits = one.end.kind === 'limited' ? limits + 1 : 0
  }
  return { failures, locked: await attempt(context, last, account) }
}
