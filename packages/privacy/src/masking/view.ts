import { createMasker, type MaskerOptions, type TextMasker } from './masker.js'
import type { RoleView } from './types.js'

/** What nobody in particular sees: everything that any rule finds is redacted. */
export const STRICTEST: RoleView = { '*': 'redact' }

/**
 * Builds one masker a role: `createView(options, { support: { personal: 'mask' }, admin: { personal: 'show' } })`. The function it
 * returns gives the masker of a role; a role that is not listed, or none, gets the strictest view. Everything is built
 * at once, so a view that names an unknown rule throws `PPT_MASK_RULE` here.
 */
export const createView = (
  options: MaskerOptions,
  views: Readonly<Record<string, RoleView>>,
): ((role: string | undefined) => TextMasker) => {
  const strictest = createMasker({ ...options, view: STRICTEST })
  const maskers = new Map(Object.entries(views).map(([role, view]) => [role, createMasker({ ...options, view })]))
  return (role) => (role === undefined ? undefined : maskers.get(role)) ?? strictest
}
