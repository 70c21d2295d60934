import { describe, it } from 'vitest'
import { SUBJECTS, UPGRADE_SUBJECT } from './fixtures/subjects.js'
import { adapterConformance } from './index.js'

describe.each(Object.entries(SUBJECTS))('%s', (_name, subject) => {
  const checks = adapterConformance.filter(({ needs }) => needs === undefined || subject.gaps?.includes(needs) !== true)
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_check, { run }) => run(subject))
})

describe('node:http with an upgrade listener', () => {
  const checks = adapterConformance.filter(({ name }) => name.includes('WebSocket'))
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_check, { run }) => run(UPGRADE_SUBJECT))
})
