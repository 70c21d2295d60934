import type { Probe } from '../../probe.js'
import { hostPoisoning } from './host-poisoning.js'
import { ipv6Rotation } from './ipv6-rotation.js'
import { spoofedAddress } from './spoofed-address.js'

/** What is tried with the visitor's address and the host that he names. */
export const addressProbes: readonly Probe[] = [spoofedAddress, ipv6Rotation, hostPoisoning]
