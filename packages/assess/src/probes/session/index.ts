import type { Probe } from '../../probe.js'
import { cachedPage } from './cached-page.js'
import { cookieHttpOnly } from './cookie-httponly.js'
import { cookieSameSite } from './cookie-samesite.js'
import { cookieSecure } from './cookie-secure.js'
import { fixation } from './fixation.js'
import { rotatedSession } from './rotated-session.js'
import { signOut } from './sign-out.js'
import { stolenSession } from './stolen-session.js'

/** Probes of sessions and their cookies. */
export const sessionProbes: readonly Probe[] = [
  fixation,
  signOut,
  stolenSession,
  rotatedSession,
  cookieSecure,
  cookieHttpOnly,
  cookieSameSite,
  cachedPage,
]
