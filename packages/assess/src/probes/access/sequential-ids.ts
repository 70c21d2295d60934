import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { idIn } from './object-paths.js'
import { findObjects } from './objects.js'
import { orderOf } from './id-order.js'

type Facts = {
  readonly now: number
  readonly kinds: readonly { readonly name: string; readonly place: string; readonly ids: readonly string[]; readonly reason?: string }[]
}

const judgeOne = ({ name, place, ids, reason }: Facts['kinds'][number], now: number): ProbeVerdict => {
  if (ids.length < 2)
    return {
      verdict: 'inconclusive',
      locator: place,
      reason:
        reason ??
        `only ${ids.length} id of ${name} was found: two are needed. Give accounts a or b more of them, or declare "list" and "pattern"`,
    }
  const order = orderOf(ids, now)
  if (order.kind === 'guessable')
    return {
      verdict: 'fail',
      locator: place,
      says: `Ids of ${name} in ${place} can be guessed: ${order.how}`,
      evidence: [{ as: 'accounts a and b', method: 'GET', url: place, status: 200, note: `ids seen: ${ids.slice(0, 4).join(', ')}` }],
    }
  return { verdict: 'pass', locator: place, control: `${ids.length} ids of ${name} were compared: ${order.how}` }
}

/** Ids in the addresses of declared objects that tell what the next one is. Source: ASVS 8.2.2. */
export const sequentialIds: Probe = defineProbe<Facts>({
  id: 'ACC-003',
  name: 'sequential-ids',
  family: 'access',
  title: 'Ids in addresses count up',
  severity: 'medium',
  kind: 'passive',
  cwe: 340,
  asvs: ['8.2.2'],
  needs: ['objects', 'accounts.a', 'signIn'],
  why: 'Ids that count up can be walked through, and tell outsiders how many customers or documents there are.',
  fix: 'Show typed encrypted ids or random UUIDs (version 4) in addresses; keep the number inside.',
  pace: 'quiet',
  collect: async (context) => {
    const visitors = [await context.signedIn('a', { name: 'account a' })]
    if (context.target.accounts?.b !== undefined) visitors.push(await context.signedIn('b', { name: 'account b' }))
    const kinds = new Map<string, { name: string; place: string; ids: Set<string>; reason?: string }>()
    for (const visitor of visitors)
      for (const { name, pattern, paths, trouble } of await findObjects(context, visitor)) {
        const place = pattern ?? paths[0]?.replace(/[^/]*$/, '') ?? name
        const kind = kinds.get(place) ?? { name, place, ids: new Set<string>() }
        for (const path of paths) {
          const id = idIn(path, place)
          if (id !== undefined) kind.ids.add(id.slice(0, 200))
        }
        if (trouble !== undefined) kind.reason ??= trouble
        kinds.set(place, kind)
      }
    const shown = [...kinds.values()].map((kind) => Object.assign(kind, { ids: [...kind.ids].slice(0, 40) }))
    return { now: context.clock(), kinds: shown }
  },
  judge: ({ now, kinds }) => kinds.map((kind) => judgeOne(kind, now)),
})
