/** What one attacker address did in a log. Times in ms UTC, floored to the second as the log shows them. */
export type AttackerTruth = {
  readonly classes: Readonly<Record<string, number>>
  readonly lines: number
  readonly first: number
  readonly last: number
}

/** One attack from its first line to its last: by one address, or by many that act together. Times in ms UTC. */
export type CampaignTruth = {
  readonly kind: string
  readonly addresses: ReadonlySet<string>
  readonly lines: number
  readonly first: number
  readonly last: number
}

/** What is true about a generated log: whom an engine must name, and whom it must leave alone. */
export type LogTruth = {
  readonly attackers: ReadonlyMap<string, AttackerTruth>
  /** every attack of the log, in the order in which they were made */
  readonly campaigns: readonly CampaignTruth[]
  /** honest people's addresses that failed once or twice, with how often */
  readonly typos: ReadonlyMap<string, number>
  /** true for an address that no attacker used */
  readonly isBenign: (address: string) => boolean
}

type CampaignDraft = { kind: string; addresses: Set<string>; lines: number; first: number; last: number }
type Draft = { classes: Record<string, number>; lines: number; first: number; last: number }

/** Collects the truth while lines are made. Times in seconds. */
export type TruthBook = LogTruth & {
  /** what is hit from here on is one attack */
  begin: () => void
  hit: (address: string, kind: string, at: number) => void
  typo: (address: string, count: number) => void
}

/** An empty {@link TruthBook}. */
export const createTruth = (): TruthBook => {
  const attackers = new Map<string, Draft>()
  const typos = new Map<string, number>()
  const campaigns: CampaignDraft[] = []
  let current: CampaignDraft | undefined
  return {
    attackers,
    campaigns,
    typos,
    isBenign: (address) => !attackers.has(address),
    begin: () => {
      current = undefined
    },
    hit: (address, kind, at) => {
      const time = Math.floor(at) * 1000
      if (current?.kind !== kind) campaigns.push((current = { kind, addresses: new Set(), lines: 0, first: time, last: time }))
      current.addresses.add(address)
      current.lines++
      current.first = Math.min(current.first, time)
      current.last = Math.max(current.last, time)
      let draft = attackers.get(address)
      if (draft === undefined) attackers.set(address, (draft = { classes: {}, lines: 0, first: time, last: time }))
      draft.classes[kind] = (draft.classes[kind] ?? 0) + 1
      draft.lines++
      draft.first = Math.min(draft.first, time)
      draft.last = Math.max(draft.last, time)
    },
    typo: (address, count) => {
      typos.set(address, (typos.get(address) ?? 0) + count)
    },
  }
}
