import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import { see } from '../seen/seen.js'
import { pathsIn } from './object-paths.js'

/** The declared objects of account `a`: named, as paths. `trouble`: why there is none. */
export type OwnObjects = {
  readonly name: string
  readonly pattern: string | undefined
  readonly list: string | undefined
  readonly paths: readonly string[]
  readonly trouble?: string
}

/** Finds the objects that a target file declares: the path that it names, and what `list` shows to this visitor. */
export const findObjects = async (context: ProbeContext, visitor: ProbeClient): Promise<readonly OwnObjects[]> => {
  const found: OwnObjects[] = []
  for (const { name, path, list, pattern } of (context.target.objects ?? []).slice(0, 12)) {
    const paths = new Set<string>(path === undefined ? [] : [path])
    let trouble: string | undefined
    if (list !== undefined && pattern !== undefined) {
      const seen = await see(visitor, { path: list }, 400_000)
      for (const one of pathsIn(seen.text, pattern, context.publicOrigin)) paths.add(one)
      if (context.publicOrigin !== context.origin) for (const one of pathsIn(seen.text, pattern, context.origin)) paths.add(one)
      if (paths.size === 0) trouble = `${list} (${seen.status}) shows ${visitor.name} no path like ${pattern}`
    } else if (list !== undefined)
      trouble = `declare "pattern" beside "list": what the path of such an object looks like, such as /documents/`
    found.push({
      name,
      pattern,
      list,
      paths: [...paths],
      ...(paths.size === 0 ? { trouble: trouble ?? 'declare "path", or "list" and "pattern"' } : {}),
    })
  }
  return found
}
