import type { Database } from '../../db/types.js'
import type { Lease } from './leases.js'
import { restoreEngine } from './state.js'
import type { DetectionDeps, Run } from './types.js'

const sameLeases = (a: readonly Lease[], b: readonly Lease[]): boolean =>
  a.length === b.length && a.every((lease, i) => lease.shard === b[i]?.shard && lease.fence === b[i].fence)

/** Leases by where they stand, the place furthest behind first; parts that stand together go on together. */
export const groupLeases = (leases: readonly Lease[]): { readonly position: number; readonly leases: readonly Lease[] }[] => {
  const places = new Map<number, Lease[]>()
  for (const lease of leases.toSorted((a, b) => a.shard - b.shard)) {
    const group = places.get(lease.position)
    if (group === undefined) places.set(lease.position, [lease])
    else group.push(lease)
  }
  return [...places].map(([position, group]) => ({ position, leases: group })).toSorted((a, b) => a.position - b.position)
}

/**
 * The runs of what a worker holds now. A run whose parts and place are what they were goes on with its engine; the others are made anew from
 * what is stored. Parts that another worker has moved meanwhile are left out: the next look shows whose they are.
 */
export const regroup = async (
  database: Pick<Database, 'pool'>,
  deps: Pick<DetectionDeps, 'createEngine' | 'vault' | 'log'>,
  before: readonly Run[],
  leases: readonly Lease[],
): Promise<Run[]> => {
  const runs: Run[] = []
  for (const { position, leases: group } of groupLeases(leases)) {
    const known = before.find((run) => run.position === position && sameLeases(run.leases, group))
    if (known !== undefined) {
      runs.push(known)
      continue
    }
    const shards = group.map(({ shard }) => shard)
    const engine = deps.createEngine({ owns: new Set(shards) })
    if (await restoreEngine(database, deps, engine, shards, position)) runs.push({ engine, leases: group, position })
  }
  return runs
}

/**
 * The run that is furthest behind, and how far it may go in one batch: to where the next one stands, so that both meet there and become one.
 */
export const nextRun = (runs: readonly Run[]): { readonly run: Run; readonly until: number | undefined } | undefined => {
  const [run, next] = runs.toSorted((a, b) => a.position - b.position)
  return run === undefined ? undefined : { run, until: next?.position }
}
