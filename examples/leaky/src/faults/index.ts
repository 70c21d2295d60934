import type { Fault } from '../fault.js'
import { accessFaults } from './access.js'
import { addressFaults } from './address.js'
import { crossSiteFaults } from './cross-site.js'
import { exposureFaults } from './exposure.js'
import { headerFaults } from './headers.js'
import { linkFaults } from './links.js'
import { mfaFaults } from './mfa.js'
import { sessionFaults } from './session.js'
import { signInFaults } from './sign-in.js'

/** All faults, in the order in which they are mounted: what changes requests stands before what reads them. */
export const FAULTS: readonly Fault[] = [
  ...addressFaults,
  ...crossSiteFaults,
  ...sessionFaults,
  ...headerFaults,
  ...exposureFaults,
  ...accessFaults,
  ...linkFaults,
  ...signInFaults,
  ...mfaFaults,
]
