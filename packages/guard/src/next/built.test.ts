import { describe, it } from 'vitest'
import { startNext } from '../conformance/fixtures/next-subject.js'
import { adapterConformance, type AdapterUnderTest } from '../conformance/index.js'

/** Next sees no TCP peer, and does not tell its handlers that a client has gone away once they have been called. */
const subject: AdapterUnderTest = { start: startNext, gaps: ['direct', 'abort', 'router-errors', 'connection', 'lazy-nonce'] }

describe('Next 16, built and served', () => {
  const checks = adapterConformance.filter(({ needs }) => needs === undefined || subject.gaps?.includes(needs) !== true)
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_check, { run }) => run(subject), 300_000)
})
