import type { Probe } from '../../probe.js'
import { linkExpired } from './link-expired.js'
import { linkShared } from './link-shared.js'
import { linkTampered } from './link-tampered.js'

/** Probes of signed links. */
export const linkProbes: readonly Probe[] = [linkTampered, linkExpired, linkShared]
