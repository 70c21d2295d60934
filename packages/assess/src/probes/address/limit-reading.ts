import type { ProbeAnswer, NoAnswer } from '../../client/types.js'

/** What one answer tells of a limit. `left`: requests that are left by its headers; undefined where they do not say. */
export type Reading = { readonly status: number; readonly limited: boolean; readonly left?: number; readonly why?: string }

const LEGACY = ['ratelimit-remaining', 'x-ratelimit-remaining', 'x-rate-limit-remaining'] as const

const wholeNumber = (text: string): number | undefined => (/^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined)

/**
 * The fewest requests that are left, of `RateLimit: "policy";r=12;t=3, ...` or of the older `...-Remaining` headers.
 * Source: draft-ietf-httpapi-ratelimit-headers-10.
 */
export const leftOf = (headers: ReadonlyMap<string, string>): number | undefined => {
  const found: number[] = []
  for (const item of (headers.get('ratelimit') ?? '').slice(0, 2_000).split(',')) {
    for (const parameter of item.split(';').slice(0, 20)) {
      const [name = '', value = ''] = parameter.split('=', 2)
      // `remaining=` is of drafts before the eighth
      const left = ['r', 'remaining'].includes(name.trim().toLowerCase()) ? wholeNumber(value) : undefined
      if (left !== undefined) found.push(left)
    }
  }
  for (const name of LEGACY) {
    for (const value of (headers.get(name) ?? '').slice(0, 200).split(',')) {
      const left = wholeNumber(value)
      if (left !== undefined) found.push(left)
    }
  }
  return found.length === 0 ? undefined : Math.min(...found)
}

/** Reads an answer, or that none came (`status` 0). */
export const readingOf = (answer: ProbeAnswer | NoAnswer): Reading => {
  if (answer.kind === 'none') return { status: 0, limited: false, why: `${answer.why}: ${answer.detail.slice(0, 120)}` }
  const limited = answer.status === 429 || (answer.status === 503 && answer.headers.has('retry-after'))
  const left = leftOf(answer.headers)
  return { status: answer.status, limited, ...(left === undefined ? {} : { left }) }
}

/** What stands beside a reading in evidence. */
export const readingText = ({ status, left, why }: Reading): string =>
  why === undefined ? `status ${status}${left === undefined ? '' : `, ${left} left`}` : `no answer (${why})`

/** A budget that refills on the way gives this many back, at most. */
const REFILL = 3

/**
 * Did `middle` come out of a fresh budget? `first` is what a visitor sees who asks for the first time, `before` and `after` are asked plainly
 * around it. `unclear`: limits were not visible, or the budget began anew by itself.
 */
export const isReset = (first: Reading, before: Reading, middle: Reading, after: Reading): 'reset' | 'held' | 'unclear' => {
  if ([first, before, middle, after].some((one) => one.status === 0)) return 'unclear'
  if (before.limited && after.limited) return middle.limited ? 'held' : 'reset'
  if (middle.limited) return 'held'
  if (before.limited || after.limited) return 'unclear'
  if (first.left === undefined || before.left === undefined || after.left === undefined) return 'unclear'
  // a forged request that tells of no budget at all has left it
  if (middle.left === undefined) return 'unclear'
  const used = first.left - Math.max(before.left, after.left)
  if (used <= REFILL) return 'unclear'
  if (middle.left >= first.left - 1) return 'reset'
  return middle.left <= Math.max(before.left, after.left) + REFILL ? 'held' : 'unclear'
}
