import type { Probe } from '../../probe.js'
import { banner } from './banner.js'
import { debugPage } from './debug-page.js'
import { headerInjection } from './header-injection.js'
import { hugeBody } from './huge-body.js'
import { methods } from './methods.js'
import { prototypeKeys } from './prototype-keys.js'
import { publicInternals } from './public-internals.js'
import { reflectedMarkup } from './reflected-markup.js'
import { reportFlood } from './report-flood.js'
import { slowBody } from './slow-body.js'
import { sourceMap } from './source-map.js'
import { sqlError } from './sql-error.js'
import { traceback } from './traceback.js'

/** What an application shows of its inside, and what it takes in. */
export const exposureProbes: readonly Probe[] = [
  traceback,
  debugPage,
  publicInternals,
  sourceMap,
  banner,
  methods,
  hugeBody,
  slowBody,
  headerInjection,
  prototypeKeys,
  reflectedMarkup,
  sqlError,
  reportFlood,
]
