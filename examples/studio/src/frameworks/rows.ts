import type { FrameworkRow } from '../pages/models.js'
import type { Ids } from '../web.js'

/** Frameworks as pages show them. */
export const frameworkRows = (ids: Ids, frameworks: readonly FrameworkRow[]): FrameworkRow[] =>
  frameworks.map(({ id, name, summary, count }) => ({ id: ids.of('framework', id), name, summary, count }))
