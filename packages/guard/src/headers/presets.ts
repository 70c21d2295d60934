import { type CspDirectives, NONCE } from './csp.js'

/** `app`: pages. `api`: data only. `static`: files for any page. `dev`: pages under a development server. */
export type HeaderPreset = 'app' | 'api' | 'static' | 'dev'

/** What differs between presets; the rest is the same for all. */
export type PresetBase = {
  readonly csp: CspDirectives
  readonly referrerPolicy: string
  readonly resourcePolicy: 'same-origin' | 'cross-origin'
  /** whether pages come from here, so that what concerns windows is sent */
  readonly pages: boolean
  readonly noStore: boolean
  readonly https: boolean
}

const SELF = ["'self'"] as const
const NONE = ["'none'"] as const

const page: CspDirectives = {
  'default-src': SELF,
  'script-src': ["'self'", NONCE],
  'style-src': ["'self'", NONCE],
  'img-src': ["'self'", 'data:'],
  'object-src': NONE,
  'base-uri': NONE,
  'form-action': SELF,
}

const nothing: CspDirectives = { 'default-src': NONE, 'base-uri': NONE, 'form-action': NONE }

/** The presets. Sources: ASVS 5.0 V3.4, OWASP HTTP Headers Cheat Sheet. */
export const PRESETS: Readonly<Record<HeaderPreset, PresetBase>> = {
  app: {
    csp: page,
    referrerPolicy: 'strict-origin-when-cross-origin',
    resourcePolicy: 'same-origin',
    pages: true,
    noStore: false,
    https: true,
  },
  api: { csp: nothing, referrerPolicy: 'no-referrer', resourcePolicy: 'same-origin', pages: false, noStore: true, https: true },
  static: { csp: nothing, referrerPolicy: 'no-referrer', resourcePolicy: 'cross-origin', pages: false, noStore: false, https: true },
  dev: {
    // a development server injects style elements and talks over a socket
    csp: { ...page, 'style-src': ["'self'", "'unsafe-inline'"], 'connect-src': ["'self'", 'ws:', 'wss:'] },
    referrerPolicy: 'strict-origin-when-cross-origin',
    resourcePolicy: 'same-origin',
    pages: true,
    noStore: false,
    https: false,
  },
}

/** Features of the browser that a page does not get unless asked for. */
export const PERMISSIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    'accelerometer', 'autoplay', 'browsing-topics', 'camera', 'display-capture', 'encrypted-media', 'gamepad', 'geolocation',
    'gyroscope', 'hid', 'idle-detection', 'local-fonts', 'magnetometer', 'microphone', 'midi', 'payment', 'picture-in-picture',
    'screen-wake-lock', 'serial', 'usb', 'xr-spatial-tracking',
  ].map((feature) => [feature, []]), // prettier-ignore
)
