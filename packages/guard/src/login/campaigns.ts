import { MINUTE } from '@parapet/core'
import type { CampaignReport } from './types.js'

/** One attempt whose credential was checked. `subject` stands for the name (a hash); `source` are the networks that it came from. */
export type CheckedAttempt = {
  readonly subject: string
  readonly outcome: 'ok' | 'failed' | 'unknown'
  readonly addressKey: string | undefined
  /** `203.0.113.0/24`, `as64500` */
  readonly sources: readonly string[]
}

/** When many accounts are taken to be under attack. Times in ms. */
export type CampaignPolicy = {
  readonly windowMs: number
  /** spraying: this many names failed, each a few times, and did not get in */
  readonly sprayedSubjects: number
  /** tries of one name that are still few */
  readonly fewTries: number
  /** and this share of all names that tried: a company on Monday morning mistypes much, and gets in */
  readonly failedShare: number
  /** stuffing: this many names from one network */
  readonly stuffedSubjects: number
  /** of which this share is nobody's */
  readonly unknownShare: number
  /** how long a campaign lasts after the last sign of it */
  readonly lastsMs: number
}

export const CAMPAIGN_DEFAULTS: CampaignPolicy = {
  windowMs: 15 * MINUTE,
  sprayedSubjects: 30,
  fewTries: 3,
  failedShare: 0.5,
  stuffedSubjects: 10,
  unknownShare: 0.5,
  lastsMs: 15 * MINUTE,
}

/** Names and networks that are followed at a time: more push out the ones heard of least lately. */
const MOST_SUBJECTS = 8_192
const MOST_SOURCES = 2_048
/** Names of one network: enough to tell a share of. */
const MOST_OF_SOURCE = 256

type Seen = { tries: number; last: number; outcome: 'ok' | 'failed' | 'unknown'; from: string | undefined }
type Source = { readonly subjects: Map<string, Seen>; until: number }

/**
 * Follows attempts on many accounts; deterministic, all times passed in. Memory is bounded whatever comes. Each process sees what reaches it:
 * the control plane's rules see all of them together.
 */
export type Campaigns = {
  /** notes an attempt and tells what began by it, or has ended since */
  readonly note: (now: number, attempt: CheckedAttempt) => readonly CampaignReport[]
  /** the campaign that an attempt from these networks would be part of */
  readonly current: (now: number, sources: readonly string[]) => 'spraying' | 'stuffing' | undefined
  readonly size: () => { readonly subjects: number; readonly sources: number }
}

/** Moves a key to the end of a bounded map, so that the first is the one heard of least lately. */
const put = <T>(map: Map<string, T>, key: string, value: T, most: number): void => {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) for (const [first] of map) return void map.delete(first)
}

/** Forgets what has left the window; the oldest stand first, so that this stops at the first that has not. */
const sweep = (map: Map<string, Seen>, since: number, drop: (seen: Seen) => void): void => {
  for (const [key, seen] of map) {
    if (seen.last > since) return
    map.delete(key)
    drop(seen)
  }
}

/** Counts of names by what became of them, kept as they change, so that no attempt walks the window. */
type Counts = { failed: number; sprayed: number; tries: number; ok: number }

/** Builds the windows. */
export const createCampaigns = (policy: CampaignPolicy): Campaigns => {
  const all = new Map<string, Seen>()
  const sources = new Map<string, Source>()
  const counts: Counts = { failed: 0, sprayed: 0, tries: 0, ok: 0 }
  let sprayUntil = 0

  const weigh = (seen: Seen, sign: 1 | -1): void => {
    if (seen.outcome === 'ok') counts.ok += sign
    else {
      counts.failed += sign
      if (seen.tries > policy.fewTries) return
      counts.sprayed += sign
      counts.tries += sign * seen.tries
    }
  }

  const addresses = (): number => {
    const from = new Set<string>()
    for (const { outcome, from: key } of all.values()) if (outcome !== 'ok' && key !== undefined) from.add(key)
    return from.size
  }

  const noteSubject = (now: number, attempt: CheckedAttempt): void => {
    sweep(all, now - policy.windowMs, (seen) => weigh(seen, -1))
    const before = all.get(attempt.subject)
    if (before !== undefined) weigh(before, -1)
    // who got in explains what he mistyped before; a name that got in once is not made a victim by a later slip
    const ok = attempt.outcome === 'ok' || before?.outcome === 'ok'
    const seen: Seen = {
      tries: (before?.tries ?? 0) + 1,
      last: now,
      outcome: ok ? 'ok' : attempt.outcome,
      from: attempt.addressKey,
    }
    if (before === undefined && all.size >= MOST_SUBJECTS) {
      for (const [first, oldest] of all) {
        all.delete(first)
        weigh(oldest, -1)
        break
      }
    }
    put(all, attempt.subject, seen, MOST_SUBJECTS)
    weigh(seen, 1)
  }

  const spray = (now: number): readonly CampaignReport[] => {
    const tell = (state: 'began' | 'ended'): CampaignReport => ({
      kind: 'spraying',
      state,
      at: now,
      subjects: counts.sprayed,
      attempts: counts.tries,
      addresses: addresses(),
      windowMs: policy.windowMs,
    })
    const lasted = now < sprayUntil
    const ended = sprayUntil > 0 && !lasted ? [tell('ended')] : []
    if (!lasted) sprayUntil = 0
    if (counts.sprayed < policy.sprayedSubjects || counts.sprayed < policy.failedShare * (counts.ok + counts.failed)) return ended
    sprayUntil = now + policy.lastsMs
    return lasted ? [] : [...ended, tell('began')]
  }

  const stuff = (now: number, name: string, attempt: CheckedAttempt): readonly CampaignReport[] => {
    const source: Source = sources.get(name) ?? { subjects: new Map(), until: 0 }
    put(sources, name, source, MOST_SOURCES)
    sweep(source.subjects, now - policy.windowMs, () => undefined)
    const before = source.subjects.get(attempt.subject)
    put(
      source.subjects,
      attempt.subject,
      { tries: (before?.tries ?? 0) + 1, last: now, outcome: attempt.outcome, from: undefined },
      MOST_OF_SOURCE,
    )
    let unknown = 0
    let attempts = 0
    for (const seen of source.subjects.values()) {
      if (seen.outcome === 'unknown') unknown++
      attempts += seen.tries
    }
    const subjects = source.subjects.size
    const tell = (state: 'began' | 'ended'): CampaignReport => ({
      kind: 'stuffing',
      state,
      at: now,
      source: name,
      subjects,
      unknown,
      attempts,
      windowMs: policy.windowMs,
    })
    const lasted = now < source.until
    const ended = source.until > 0 && !lasted ? [tell('ended')] : []
    if (!lasted) source.until = 0
    if (subjects < policy.stuffedSubjects || unknown < policy.unknownShare * subjects) return ended
    source.until = now + policy.lastsMs
    return lasted ? [] : [...ended, tell('began')]
  }

  return {
    note: (now, attempt) => {
      noteSubject(now, attempt)
      return [...spray(now), ...attempt.sources.flatMap((name) => stuff(now, name, attempt))]
    },
    current: (now, names) => {
      if (names.some((name) => now < (sources.get(name)?.until ?? 0))) return 'stuffing'
      return now < sprayUntil ? 'spraying' : undefined
    },
    size: () => ({ subjects: all.size, sources: sources.size }),
  }
}
