import type { HostLook } from '@parapet/agent'
import { createActivity } from '@parapet/detect'
import type { Alert } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { triageSentence, triageSteps, type TriageFacts } from './steps.js'

const AT = Date.UTC(2026, 10, 20)
const HOST: HostLook = { listeners: [], changed: [], keys: [], admins: [], unread: [] }
const login = (outcome: 'success' | 'failure', name: string, address: string) => ({
  '@timestamp': AT,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': outcome,
  'user.name': name,
  'source.ip': address,
})
const activityOf = (events: readonly ReturnType<typeof login>[], alerts: readonly Alert[] = []) => {
  const activity = createActivity()
  for (const event of events) activity.add(event)
  return activity.report(alerts)
}
const QUIET: TriageFacts = {
  host: HOST,
  activity: activityOf([login('success', 'ann', '100.64.0.1')]),
  activityErrors: [],
  groups: [],
  controlPlaneError: undefined,
}
const stateOf = (facts: Partial<TriageFacts>, id: string) => triageSteps({ ...QUIET, ...facts }).find((step) => step.id === id)?.state
const alert: Alert = {
  id: 'a',
  rule: { id: 'r', title: 'Brute force', level: 'high', tags: [], version: '1' },
  group: {},
  scope: { kind: 'ip', value: '198.18.0.1' },
  first: AT,
  last: AT,
  count: 9,
  targets: ['198.18.0.1'],
  events: [],
  why: '9 failed sign-ins',
}

describe('the first steps of an incident', () => {
  it('say that nothing stands out only for what was looked at: integrity without a baseline is not known', () => {
    const steps = triageSteps(QUIET)
    expect(steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'access quiet',
      'authentication quiet',
      'activity quiet',
      'integrity unknown',
      'control_plane quiet',
    ])
    expect(triageSentence(steps)).toBe('Nothing stands out; 1 step could not tell.')
  })

  it.each<[string, Partial<TriageFacts>, string]>([
    ['no host', { host: undefined }, 'access'],
    ['a file that could not be read', { host: { ...HOST, unread: ['/etc/passwd'] } }, 'access'],
    ['no log', { activity: undefined }, 'access'],
    ['logs without an event', { activity: activityOf([]) }, 'access'],
    ['no log', { activity: undefined }, 'authentication'],
    ['a log that could not be read', { activityErrors: ['x'] }, 'authentication'],
    ['logs without an event', { activity: activityOf([]) }, 'authentication'],
    ['no log', { activity: undefined }, 'activity'],
    ['no control plane', { groups: undefined, controlPlaneError: 'away' }, 'control_plane'],
  ])('are not known with %s', (_, facts, id) => {
    expect(stateOf(facts, id)).toBe('unknown')
  })

  it.each<[string, Partial<TriageFacts>, string, RegExp]>([
    ['a second root', { host: { ...HOST, admins: ['toor'] } }, 'access', /account toor has the rights of root/],
    [
      'somebody guessed in',
      {
        activity: activityOf([
          ...Array.from({ length: 9 }, () => login('failure', 'deploy', '198.18.0.9')),
          login('success', 'deploy', '198.18.0.9'),
        ]),
      },
      'access',
      /deploy: 1 sign-in right after failed guesses/,
    ],
    [
      'an address that sprays',
      { activity: activityOf(Array.from({ length: 40 }, (_, n) => login('failure', `u${n}`, '198.18.0.5'))) },
      'authentication',
      /198\.18\.0\.5: failed as 40 names/,
    ],
    ['an alert', { activity: activityOf([], [alert]) }, 'activity', /high: Brute force: 9 failed sign-ins/],
    [
      'a changed file',
      { host: { ...HOST, changed: [{ kind: 'cron', path: '/etc/cron.d/x', at: AT, owner: 'root', mode: '0644' }] } },
      'integrity',
      /cron: \/etc\/cron\.d\/x changed 2026-11-20/,
    ],
  ])('ask for somebody when there is %s, and say what to do next', (_, facts, id, finding) => {
    const step = triageSteps({ ...QUIET, ...facts }).find((each) => each.id === id)
    expect(step?.state).toBe('attention')
    expect(step?.findings.join('\n')).toMatch(finding)
    expect(step?.next).toHaveLength(1)
  })

  it('name what could not be read beside what was found', () => {
    const [step] = triageSteps({ ...QUIET, host: { ...HOST, unread: ['/root/.ssh'] } })
    expect(step).toMatchObject({ state: 'unknown', findings: ['not read: /root/.ssh'] })
  })

  it('bound what they list', () => {
    const admins = Array.from({ length: 50 }, (_, n) => `a${n}`)
    const [step] = triageSteps({ ...QUIET, host: { ...HOST, admins } })
    expect(step?.findings).toHaveLength(9)
    expect(step?.findings.at(-1)).toBe('and 42 more')
  })
})
