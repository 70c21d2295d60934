import { type EdgeGuard, diagnose } from '../node/edge.js'

const seen = new WeakSet<object>()

/** What an Express application has that tells of its debug mode, by structure. */
type ExpressApp = { readonly get?: (setting: string) => unknown }

/**
 * Reports once an Express application whose own error handler would show stacks: `env` is `development`, which is also what it takes
 * when NODE_ENV is not set. Source: ASVS 5.0 13.4.2.
 */
export const reportExpressDebug = (guard: EdgeGuard, app: unknown): void => {
  if (typeof app !== 'function' || seen.has(app)) return
  seen.add(app)
  try {
    if ((app as ExpressApp).get?.('env') !== 'development') return
  } catch {
    return
  }
  diagnose(
    guard,
    'framework_debug',
    "Express runs with env 'development': without expressErrors(guard) as the last middleware its error pages show stacks; set NODE_ENV=production",
  )
}
